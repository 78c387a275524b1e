# backups: what the nightly backup task writes, models among it (they lie in PostgreSQL); checkpoints: what the workers signed
# of the log of predictions, which never goes; logs: the load balancer's access logs (SSE-S3: that is all the log delivery service
# can write).

locals {
  buckets = {
    backups     = { expire_days = 400, noncurrent_days = 30, kms = true, locked = true }
    checkpoints = { expire_days = 0, noncurrent_days = 0, kms = true, locked = true }
    logs        = { expire_days = 180, noncurrent_days = 7, kms = false, locked = false }
  }
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket              = "${local.name}-${each.key}-${local.account_id}"
  object_lock_enabled = each.value.locked

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    bucket_key_enabled = each.value.kms

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.value.kms ? "aws:kms" : "AES256"
      kms_master_key_id = each.value.kms ? aws_kms_key.main.arn : null
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "retention"
    status = "Enabled"

    filter {}

    dynamic "expiration" {
      for_each = each.value.expire_days > 0 ? [each.value.expire_days] : []

      content {
        days = expiration.value
      }
    }

    dynamic "noncurrent_version_expiration" {
      for_each = each.value.noncurrent_days > 0 ? [each.value.noncurrent_days] : []

      content {
        noncurrent_days = noncurrent_version_expiration.value
      }
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

# A backup cannot be deleted or overwritten for 35 days, whoever holds the keys.
resource "aws_s3_bucket_object_lock_configuration" "backups" {
  bucket = aws_s3_bucket.this["backups"].id

  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = 35
    }
  }
}

# A checkpoint cannot be deleted or overwritten by anybody, whoever holds the account.
resource "aws_s3_bucket_object_lock_configuration" "checkpoints" {
  bucket = aws_s3_bucket.this["checkpoints"].id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.checkpoint_lock_days
    }
  }
}

data "aws_elb_service_account" "main" {}

data "aws_iam_policy_document" "bucket" {
  for_each = local.buckets

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this[each.key].arn, "${aws_s3_bucket.this[each.key].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # The workers say so themselves; here nobody else can put a newer version over a checkpoint either.
  dynamic "statement" {
    for_each = each.key == "checkpoints" ? [1] : []

    content {
      sid       = "NeverOverAnother"
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = ["${aws_s3_bucket.this["checkpoints"].arn}/*"]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "Null"
        variable = "s3:if-none-match"
        values   = ["true"]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "logs" ? [1] : []

    content {
      sid       = "LoadBalancerWrites"
      actions   = ["s3:PutObject"]
      resources = ["${aws_s3_bucket.this["logs"].arn}/alb/AWSLogs/${local.account_id}/*"]

      principals {
        type        = "AWS"
        identifiers = [data.aws_elb_service_account.main.arn]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
