# Values are write-only: they are in Secrets Manager and not in the state. NODE_EXTRA_CA_CERTS in the tasks
# names the RDS bundle that the image carries, so verify-full holds.

locals {
  secrets = {
    database-url   = "postgres://iit_app:${var.database_app_password}@${aws_db_instance.main.address}:5432/iit?sslmode=verify-full"
    app-password   = var.database_app_password
    queue-url      = "rediss://:${var.redis_auth_token}@${aws_elasticache_replication_group.main.primary_endpoint_address}:6379"
    checkpoint-key = var.checkpoint_key
  }
}

resource "aws_secretsmanager_secret" "this" {
  for_each = toset(["database-url", "queue-url", "app-password", "checkpoint-key"])

  name                    = "${local.name}/${each.key}"
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each = toset(["database-url", "queue-url", "app-password", "checkpoint-key"])

  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = local.secrets[each.key]
  secret_string_wo_version = var.secret_version
}
