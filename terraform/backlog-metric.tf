# How the queue's depth gets into CloudWatch: an agent beside each API task scrapes /metrics on localhost and
# writes iit_queue_depth in the embedded metric format. Every API task says the same number (it is read from
# PostgreSQL), so the scaling takes Maximum, never Sum.

locals {
  metric_namespace = "${local.name}/app"

  prometheus_configuration = yamlencode({
    global = { scrape_interval = "15s", scrape_timeout = "10s" }
    scrape_configs = [{
      job_name       = "api"
      static_configs = [{ targets = ["127.0.0.1:8000"] }]
      metric_relabel_configs = [{
        source_labels = ["__name__"]
        regex         = "iit_queue_depth|iit_oldest_pending_chunk_seconds|iit_chunks_quarantined_total|iit_backup_last_success_timestamp_seconds|iit_log_checkpoint_timestamp_seconds|iit_log_unsigned_entries|iit_model_drift_detected"
        action        = "keep"
      }]
    }]
  })

  agent_configuration = jsonencode({
    logs = {
      metrics_collected = {
        prometheus = {
          log_group_name         = aws_cloudwatch_log_group.this["metrics"].name
          prometheus_config_path = "env:PROMETHEUS_CONFIG_CONTENT"
          emf_processor = {
            metric_namespace = local.metric_namespace
            metric_declaration = [
              { source_labels = ["job"], label_matcher = "^api$", dimensions = [["state"]], metric_selectors = ["^iit_queue_depth$"] },
              { source_labels = ["job"], label_matcher = "^api$", dimensions = [[]], metric_selectors = ["^iit_oldest_pending_chunk_seconds$", "^iit_chunks_quarantined_total$", "^iit_backup_last_success_timestamp_seconds$", "^iit_log_checkpoint_timestamp_seconds$", "^iit_log_unsigned_entries$", "^iit_model_drift_detected$"] },
            ]
          }
        }
      }
    }
  })
}

resource "aws_ssm_parameter" "agent" {
  for_each = { agent = local.agent_configuration, prometheus = local.prometheus_configuration }

  name  = "/${local.name}/cloudwatch-agent/${each.key}"
  type  = "String"
  value = each.value
}
