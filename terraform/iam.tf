# Execution role: pulls the image, reads the secrets it injects, writes logs. Task roles: what the code itself
# may do. No statement has a wildcard for its actions, and none for resources where AWS lets one be named.

data "aws_iam_policy_document" "assume" {
  for_each = {
    tasks = "ecs-tasks.amazonaws.com"
    flow  = "vpc-flow-logs.amazonaws.com"
    rds   = "monitoring.rds.amazonaws.com"
    sched = "scheduler.amazonaws.com"
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "${local.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.assume["tasks"].json
}

data "aws_iam_policy_document" "execution" {
  # GetAuthorizationToken knows no resources.
  statement {
    sid       = "RegistryLogin"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.service.arn, aws_ecr_repository.cloudwatch_agent.arn]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for name in ["api", "worker", "maintenance", "agent"] : "${aws_cloudwatch_log_group.this[name].arn}:*"]
  }

  statement {
    sid     = "InjectSecrets"
    actions = ["secretsmanager:GetSecretValue"]
    resources = concat(
      [for secret in aws_secretsmanager_secret.this : secret.arn],
      [aws_db_instance.main.master_user_secret[0].secret_arn],
    )
  }

  statement {
    sid       = "DecryptSecrets"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.main.arn]
  }

  statement {
    sid       = "AgentConfiguration"
    actions   = ["ssm:GetParameters"]
    resources = [for parameter in aws_ssm_parameter.agent : parameter.arn]
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

resource "aws_iam_role" "task" {
  for_each = toset(["api", "worker", "maintenance"])

  name               = "${local.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume["tasks"].json
}

# Workers put checkpoints into their bucket and look for the newest, and call nothing else of AWS: models and payloads lie in
# PostgreSQL. The sidecar publishes the queue's depth with the API's role; the maintenance task writes backups.
data "aws_iam_policy_document" "task" {
  for_each = {
    api = [
      { sid = "AgentMetrics", actions = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], resources = ["${aws_cloudwatch_log_group.this["metrics"].arn}:*"] },
    ]
    worker = [
      { sid = "List", actions = ["s3:ListBucket"], resources = [aws_s3_bucket.this["checkpoints"].arn] },
      { sid = "Objects", actions = ["s3:GetObject", "s3:PutObject"], resources = ["${aws_s3_bucket.this["checkpoints"].arn}/*"] },
      { sid = "Key", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [aws_kms_key.main.arn] },
    ]
    maintenance = [
      { sid = "List", actions = ["s3:ListBucket"], resources = [aws_s3_bucket.this["backups"].arn] },
      { sid = "Objects", actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], resources = ["${aws_s3_bucket.this["backups"].arn}/*"] },
      { sid = "Key", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [aws_kms_key.main.arn] },
    ]
  }

  dynamic "statement" {
    for_each = each.value

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_role_policy" "task" {
  for_each = data.aws_iam_policy_document.task

  name   = each.key
  role   = aws_iam_role.task[each.key].id
  policy = each.value.json
}

resource "aws_iam_role" "flow_log" {
  name               = "${local.name}-flow-log"
  assume_role_policy = data.aws_iam_policy_document.assume["flow"].json
}

data "aws_iam_policy_document" "flow_log" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = ["${aws_cloudwatch_log_group.this["flow"].arn}:*"]
  }
}

resource "aws_iam_role_policy" "flow_log" {
  name   = "flow-log"
  role   = aws_iam_role.flow_log.id
  policy = data.aws_iam_policy_document.flow_log.json
}

resource "aws_iam_role" "rds_monitoring" {
  name               = "${local.name}-rds-monitoring"
  assume_role_policy = data.aws_iam_policy_document.assume["rds"].json
}

resource "aws_iam_role_policy_attachment" "rds_monitoring" {
  role       = aws_iam_role.rds_monitoring.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_iam_role" "scheduler" {
  name               = "${local.name}-scheduler"
  assume_role_policy = data.aws_iam_policy_document.assume["sched"].json
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "RunMaintenance"
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.maintenance.arn_without_revision}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }

  statement {
    sid       = "HandOverRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution.arn, aws_iam_role.task["maintenance"].arn]
  }
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "scheduler"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}
