resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["api", "worker", "maintenance", "agent", "metrics", "flow"])

  name              = "/${local.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}
