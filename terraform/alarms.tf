resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.main.key_id
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

locals {
  load_balancer = { LoadBalancer = aws_lb.main.arn_suffix }
  instance      = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  redis_node    = { ReplicationGroupId = aws_elasticache_replication_group.main.id }

  # missing: what silence means. A metric that the service itself must emit is breaching when absent.
  alarms = {
    HighErrorRate          = { ns = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", stat = "Sum", op = "GreaterThanThreshold", limit = 50, period = 300, times = 1, missing = "notBreaching", dims = local.load_balancer }
    HighLatency            = { ns = "AWS/ApplicationELB", metric = "TargetResponseTime", stat = "p95", op = "GreaterThanThreshold", limit = 1, period = 300, times = 2, missing = "notBreaching", dims = local.load_balancer }
    NoHealthyApi           = { ns = "AWS/ApplicationELB", metric = "HealthyHostCount", stat = "Minimum", op = "LessThanThreshold", limit = 2, period = 60, times = 3, missing = "breaching", dims = merge(local.load_balancer, { TargetGroup = aws_lb_target_group.api.arn_suffix }) }
    DatabaseCpu            = { ns = "AWS/RDS", metric = "CPUUtilization", stat = "Average", op = "GreaterThanThreshold", limit = 85, period = 300, times = 3, missing = "breaching", dims = local.instance }
    DatabaseStorage        = { ns = "AWS/RDS", metric = "FreeStorageSpace", stat = "Minimum", op = "LessThanThreshold", limit = 21474836480, period = 300, times = 1, missing = "breaching", dims = local.instance }
    RedisMemory            = { ns = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", stat = "Maximum", op = "GreaterThanThreshold", limit = 80, period = 300, times = 2, missing = "breaching", dims = local.redis_node }
    OldestPendingChunk     = { ns = local.metric_namespace, metric = "iit_oldest_pending_chunk_seconds", stat = "Maximum", op = "GreaterThanThreshold", limit = 900, period = 60, times = 10, missing = "notBreaching", dims = {} }
    QueueDepthMetricAbsent = { ns = local.metric_namespace, metric = "iit_queue_depth", stat = "SampleCount", op = "LessThanThreshold", limit = 1, period = 60, times = 5, missing = "breaching", dims = { state = "pending" } }
    ModelDriftDetected     = { ns = local.metric_namespace, metric = "iit_model_drift_detected", stat = "Maximum", op = "GreaterThanOrEqualToThreshold", limit = 1, period = 300, times = 6, missing = "notBreaching", dims = {} }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "docs/runbooks/ describes what to do."
  namespace           = each.value.ns
  metric_name         = each.value.metric
  statistic           = startswith(each.value.stat, "p") ? null : each.value.stat
  extended_statistic  = startswith(each.value.stat, "p") ? each.value.stat : null
  comparison_operator = each.value.op
  threshold           = each.value.limit
  period              = each.value.period
  evaluation_periods  = each.value.times
  treat_missing_data  = each.value.missing
  dimensions          = each.value.dims
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# A backup is a nightly task that ends: its silence for 26 hours is the alarm.
resource "aws_cloudwatch_metric_alarm" "backup_age" {
  alarm_name          = "${local.name}-BackupTooOld"
  alarm_description   = "docs/runbooks/ describes what to do."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 93600
  evaluation_periods  = 2
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "age"
    label       = "seconds since the last good backup"
    expression  = "EPOCH(last) - last"
    return_data = true
  }

  metric_query {
    id = "last"

    metric {
      namespace   = local.metric_namespace
      metric_name = "iit_backup_last_success_timestamp_seconds"
      stat        = "Maximum"
      period      = 900
    }
  }
}

# Entries wait, and nobody has signed the log for two hours: it was altered, or nobody has the key.
resource "aws_cloudwatch_metric_alarm" "log_not_signed" {
  alarm_name          = "${local.name}-LogNotSigned"
  alarm_description   = "docs/runbooks/ describes what to do."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 7200
  evaluation_periods  = 2
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "age"
    label       = "seconds since the last checkpoint, while entries wait"
    expression  = "IF(unsigned > 0, EPOCH(last) - last, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { last = "iit_log_checkpoint_timestamp_seconds", unsigned = "iit_log_unsigned_entries" }

    content {
      id = metric_query.key

      metric {
        namespace   = local.metric_namespace
        metric_name = metric_query.value
        stat        = "Maximum"
        period      = 900
      }
    }
  }
}
