resource "aws_appautoscaling_target" "this" {
  for_each = {
    api    = { service = aws_ecs_service.api.name, min = var.services_running ? var.api.min : 0, max = var.api.max }
    worker = { service = aws_ecs_service.worker.name, min = var.services_running ? var.worker.min : 0, max = var.worker.max }
  }

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${each.value.service}"
  min_capacity       = each.value.min
  max_capacity       = var.services_running ? each.value.max : 0
}

resource "aws_appautoscaling_policy" "api" {
  for_each = { ECSServiceAverageCPUUtilization = 70, ECSServiceAverageMemoryUtilization = 80 }

  name               = "${local.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this["api"].service_namespace
  scalable_dimension = aws_appautoscaling_target.this["api"].scalable_dimension
  resource_id        = aws_appautoscaling_target.this["api"].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = each.key
    }
  }
}

# Outstanding chunks (pending and leased: busy workers count) for each running worker.
resource "aws_appautoscaling_policy" "worker_backlog" {
  name               = "${local.name}-backlog-per-worker"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this["worker"].service_namespace
  scalable_dimension = aws_appautoscaling_target.this["worker"].scalable_dimension
  resource_id        = aws_appautoscaling_target.this["worker"].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.worker.chunks_per_worker
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      metrics {
        id          = "pending"
        return_data = false

        metric_stat {
          stat = "Maximum"

          metric {
            namespace   = local.metric_namespace
            metric_name = "iit_queue_depth"

            dimensions {
              name  = "state"
              value = "pending"
            }
          }
        }
      }

      metrics {
        id          = "leased"
        return_data = false

        metric_stat {
          stat = "Maximum"

          metric {
            namespace   = local.metric_namespace
            metric_name = "iit_queue_depth"

            dimensions {
              name  = "state"
              value = "leased"
            }
          }
        }
      }

      metrics {
        id          = "running"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"

            dimensions {
              name  = "ClusterName"
              value = aws_ecs_cluster.main.name
            }

            dimensions {
              name  = "ServiceName"
              value = aws_ecs_service.worker.name
            }
          }
        }
      }

      metrics {
        id          = "backlog"
        label       = "outstanding chunks per running worker"
        expression  = "(pending + leased) / IF(running > 0, running, 1)"
        return_data = true
      }
    }
  }
}
