resource "aws_ecs_cluster" "main" {
  name = local.name

  # The workers' scaling divides by RunningTaskCount, which Container Insights publishes.
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "main" {
  cluster_name       = aws_ecs_cluster.main.name
  capacity_providers = ["FARGATE"]
}

locals {
  environment = {
    NODE_ENV            = "production"
    LOG_LEVEL           = "info"
    CORS_ORIGINS        = join(",", var.cors_origins)
    NODE_EXTRA_CA_CERTS = "/app/ca/rds-global-bundle.pem"
    AWS_REGION          = var.region
    SHUTDOWN_SECONDS    = tostring(local.worker_shutdown_deadline_seconds)
  }

  # Three quarters of the memory for the heap of JavaScript; the rest for buffers, WASM memory and stacks.
  api_environment = merge(local.environment, { PORT = "8000", NODE_OPTIONS = "--max-old-space-size=${floor(var.api.memory * 0.75) - 192} --max-semi-space-size=8" })
  worker_environment = merge(local.environment, {
    WORKER_PORT       = "8001"
    NODE_OPTIONS      = "--max-old-space-size=${floor(var.worker.memory * 0.75)} --max-semi-space-size=8"
    CHECKPOINT_ORIGIN = var.checkpoint_origin == "" ? "${var.domain_name}/log" : var.checkpoint_origin
    CHECKPOINT_SINKS  = "log:,s3://${aws_s3_bucket.this["checkpoints"].id}/log"
  })
  maintenance_environment = merge(local.environment, { NODE_OPTIONS = "--max-old-space-size=1536", BACKUP_URI = "s3://${aws_s3_bucket.this["backups"].id}/postgres" })

  secrets_of_tasks = [
    { name = "DATABASE_URL", valueFrom = aws_secretsmanager_secret.this["database-url"].arn },
    { name = "QUEUE_URL", valueFrom = aws_secretsmanager_secret.this["queue-url"].arn },
  ]

  # Runs first in each task of api and worker: new tasks wait for their schema while the old ones go on.
  schema_container = merge(local.hardening, {
    name             = "schema"
    image            = local.image
    essential        = false
    command          = ["node", "cli/wait-for-schema.ts"]
    environment      = [for name, value in merge(local.environment, { NODE_OPTIONS = "--max-old-space-size=128" }) : { name = name, value = value }]
    secrets          = local.secrets_of_tasks
    logConfiguration = local.logs_of["maintenance"]
  })

  hardening = {
    essential              = true
    readonlyRootFilesystem = true
    user                   = "10001:10001"
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
  }

  logs_of = {
    for name in ["api", "worker", "maintenance", "agent"] : name => {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this[name].name
        awslogs-region        = var.region
        awslogs-stream-prefix = name
      }
    }
  }
}

resource "aws_ecs_task_definition" "api" {
  family                   = "${local.name}-api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.api.cpu
  memory                   = var.api.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task["api"].arn

  volume {
    name = "tmp"
  }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([
    merge(local.hardening, {
      name             = "api"
      dependsOn        = [{ containerName = "schema", condition = "SUCCESS" }]
      image            = local.image
      command          = ["node", "api/main.ts"]
      environment      = [for name, value in local.api_environment : { name = name, value = value }]
      secrets          = local.secrets_of_tasks
      portMappings     = [{ containerPort = 8000, protocol = "tcp" }]
      stopTimeout      = local.stop_timeout_seconds
      logConfiguration = local.logs_of["api"]
      healthCheck = {
        command     = ["CMD", "node", "docker/healthcheck.ts", "http://127.0.0.1:8000/health/live"]
        interval    = 15
        timeout     = 5
        retries     = 3
        startPeriod = 20
      }
    }),
    local.schema_container,
    {
      name              = "metrics-to-cloudwatch"
      image             = "${aws_ecr_repository.cloudwatch_agent.repository_url}:${var.cloudwatch_agent_version}"
      essential         = false
      cpu               = 64
      memoryReservation = 128
      memory            = 192
      secrets = [
        { name = "CW_CONFIG_CONTENT", valueFrom = aws_ssm_parameter.agent["agent"].arn },
        { name = "PROMETHEUS_CONFIG_CONTENT", valueFrom = aws_ssm_parameter.agent["prometheus"].arn },
      ]
      logConfiguration = local.logs_of["agent"]
    },
  ])
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "${local.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.worker.cpu
  memory                   = var.worker.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task["worker"].arn

  volume {
    name = "tmp"
  }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([
    merge(local.hardening, {
      name             = "worker"
      dependsOn        = [{ containerName = "schema", condition = "SUCCESS" }]
      image            = local.image
      command          = ["node", "workers/main.ts"]
      environment      = [for name, value in local.worker_environment : { name = name, value = value }]
      secrets          = concat(local.secrets_of_tasks, [{ name = "CHECKPOINT_KEY", valueFrom = aws_secretsmanager_secret.this["checkpoint-key"].arn }])
      portMappings     = [{ containerPort = 8001, protocol = "tcp" }]
      stopTimeout      = local.stop_timeout_seconds
      logConfiguration = local.logs_of["worker"]
      healthCheck = {
        command     = ["CMD", "node", "docker/healthcheck.ts", "http://127.0.0.1:8001/health/live"]
        interval    = 15
        timeout     = 5
        retries     = 3
        startPeriod = 20
      }
    }),
    local.schema_container,
  ])
}

# One definition for what runs to an end: migrate (before a roll-out), app-login (once, and when the password
# changes), backup and retention (nightly). It logs
# in as the owner, with the password that RDS keeps; PGPASSWORD completes the URL.
resource "aws_ecs_task_definition" "maintenance" {
  family                   = "${local.name}-maintenance"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task["maintenance"].arn

  volume {
    name = "tmp"
  }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([
    merge(local.hardening, {
      name    = "maintenance"
      image   = local.image
      command = ["node", "cli/migrate.ts"]
      environment = [for name, value in merge(local.maintenance_environment, {
        DATABASE_URL = "postgres://iit_owner@${aws_db_instance.main.address}:5432/iit?sslmode=verify-full"
      }) : { name = name, value = value }]
      secrets = [
        { name = "PGPASSWORD", valueFrom = "${aws_db_instance.main.master_user_secret[0].secret_arn}:password::" },
        { name = "APP_DATABASE_PASSWORD", valueFrom = aws_secretsmanager_secret.this["app-password"].arn },
        { name = "QUEUE_URL", valueFrom = aws_secretsmanager_secret.this["queue-url"].arn },
      ]
      stopTimeout      = local.stop_timeout_seconds
      logConfiguration = local.logs_of["maintenance"]
    }),
  ])
}

resource "aws_ecs_service" "api" {
  name                               = "api"
  cluster                            = aws_ecs_cluster.main.id
  task_definition                    = aws_ecs_task_definition.api.arn
  launch_type                        = "FARGATE"
  desired_count                      = var.services_running ? var.api.min : 0
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 30
  availability_zone_rebalancing      = "ENABLED"

  network_configuration {
    subnets          = local.subnet_ids.app
    security_groups  = [aws_security_group.this["api"].id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.api.arn
    container_name   = "api"
    container_port   = 8000
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # The autoscaler owns the count.
  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [aws_lb_listener_rule.from_cloudfront]
}

resource "aws_ecs_service" "worker" {
  name                               = "worker"
  cluster                            = aws_ecs_cluster.main.id
  task_definition                    = aws_ecs_task_definition.worker.arn
  launch_type                        = "FARGATE"
  desired_count                      = var.services_running ? var.worker.min : 0
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  availability_zone_rebalancing      = "ENABLED"

  network_configuration {
    subnets          = local.subnet_ids.app
    security_groups  = [aws_security_group.this["worker"].id]
    assign_public_ip = false
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  lifecycle {
    ignore_changes = [desired_count]
  }
}

resource "aws_scheduler_schedule" "nightly" {
  for_each = {
    backup    = { at = "cron(30 1 * * ? *)", command = ["node", "cli/backup.ts"] }
    retention = { at = "cron(30 3 * * ? *)", command = ["node", "cli/retention.ts"] }
  }

  name                         = "${local.name}-${each.key}"
  schedule_expression          = each.value.at
  schedule_expression_timezone = "Africa/Lagos"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.main.arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({ containerOverrides = [{ name = "maintenance", command = each.value.command }] })

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.maintenance.arn_without_revision
      launch_type         = "FARGATE"

      network_configuration {
        subnets          = local.subnet_ids.app
        security_groups  = [aws_security_group.this["maintenance"].id]
        assign_public_ip = false
      }
    }

    retry_policy {
      maximum_retry_attempts       = 2
      maximum_event_age_in_seconds = 3600
    }
  }
}
