# Plans the whole stack against a mocked provider (no account, no network) and asserts on the plan.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_availability_zones" {
    defaults = { names = ["af-south-1a", "af-south-1b", "af-south-1c"] }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_ec2_managed_prefix_list" {
    defaults = { id = "pl-cloudfront" }
  }

  mock_data "aws_cloudfront_cache_policy" {
    defaults = { id = "caching-disabled" }
  }

  mock_data "aws_elb_service_account" {
    defaults = { arn = "arn:aws:iam::098369216593:root" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_resource "aws_security_group" {
    defaults = { id = "sg-mock" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
  }

  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:af-south-1:111122223333:key/00000000-0000-0000-0000-000000000000"
      key_id = "arn:aws:kms:af-south-1:111122223333:key/00000000-0000-0000-0000-000000000000"
    }
  }

  mock_resource "aws_ecr_repository" {
    defaults = {
      arn            = "arn:aws:ecr:af-south-1:111122223333:repository/iit"
      repository_url = "111122223333.dkr.ecr.af-south-1.amazonaws.com/iit"
    }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::mock" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:af-south-1:111122223333:log-group:mock" }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:af-south-1:111122223333:secret:mock" }
  }

  mock_resource "aws_ssm_parameter" {
    defaults = { arn = "arn:aws:ssm:af-south-1:111122223333:parameter/mock" }
  }

  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:af-south-1:111122223333:cluster/mock", id = "arn:aws:ecs:af-south-1:111122223333:cluster/mock" }
  }

  mock_resource "aws_ecs_task_definition" {
    defaults = {
      arn                  = "arn:aws:ecs:af-south-1:111122223333:task-definition/mock:1"
      arn_without_revision = "arn:aws:ecs:af-south-1:111122223333:task-definition/mock"
    }
  }

  mock_resource "aws_lb" {
    defaults = {
      arn        = "arn:aws:elasticloadbalancing:af-south-1:111122223333:loadbalancer/app/mock/0000000000000000"
      arn_suffix = "app/mock/0000000000000000"
      dns_name   = "mock.elb.amazonaws.com"
    }
  }

  mock_resource "aws_lb_target_group" {
    defaults = {
      arn        = "arn:aws:elasticloadbalancing:af-south-1:111122223333:targetgroup/mock/0000000000000000"
      arn_suffix = "targetgroup/mock/0000000000000000"
    }
  }

  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:af-south-1:111122223333:listener/app/mock/0/0" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:af-south-1:111122223333:mock" }
  }

  mock_resource "aws_db_instance" {
    defaults = {
      address            = "db.internal"
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:af-south-1:111122223333:secret:rds!mock" }]
    }
  }

  mock_resource "aws_elasticache_replication_group" {
    defaults = { primary_endpoint_address = "redis.internal" }
  }
}

mock_provider "aws" {
  alias           = "us_east_1"
  override_during = plan

  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/mock/0" }
  }
}

override_resource {
  target          = aws_route_table.tier["public"]
  override_during = plan
  values          = { id = "rtb-public" }
}

override_resource {
  target          = aws_s3_bucket.this["checkpoints"]
  override_during = plan
  values          = { id = "checkpoints", arn = "arn:aws:s3:::checkpoints" }
}

variables {
  environment                = "test"
  domain_name                = "iit.example.org"
  origin_domain_name         = "origin.iit.example.org"
  certificate_arn            = "arn:aws:acm:af-south-1:111122223333:certificate/0"
  cloudfront_certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/0"
  origin_secret              = "0123456789012345678901234567890123456789"
  database_app_password      = "not-a-real-password-0123456789"
  redis_auth_token           = "not-a-real-token-0123456789012345678901"
  checkpoint_key             = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n"
  image_version              = "0.1.0"
  alarm_emails               = ["operations@example.org"]
}

# One plan, every assertion: a plan is what costs time.
run "plan" {
  command = plan

  # network
  assert {
    condition     = length(aws_subnet.main) == 6 && length(distinct([for s in aws_subnet.main : s.availability_zone])) == 2
    error_message = "Three subnet tiers in two zones."
  }

  assert {
    condition     = length(distinct([for s in aws_subnet.main : s.cidr_block])) == 6
    error_message = "No two subnets share an address range."
  }

  assert {
    condition     = alltrue([for s in aws_subnet.main : !s.map_public_ip_on_launch])
    error_message = "No subnet hands out public addresses."
  }

  assert {
    condition     = aws_route.internet.route_table_id == "rtb-public"
    error_message = "Only the public tier has a route to the internet."
  }

  assert {
    condition     = alltrue([for e in ["ecr.api", "ecr.dkr", "logs", "secretsmanager"] : contains(keys(aws_vpc_endpoint.interface), e)]) && aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "Endpoints for S3, ECR, logs and secrets."
  }

  # security_groups
  assert {
    condition     = alltrue([for r in aws_vpc_security_group_ingress_rule.flow : r.cidr_ipv4 == null && r.referenced_security_group_id != null])
    error_message = "Inside rules name security groups, never address ranges."
  }

  assert {
    condition     = alltrue([for r in aws_vpc_security_group_ingress_rule.alb : r.prefix_list_id == "pl-cloudfront" && r.cidr_ipv4 == null])
    error_message = "The load balancer hears CloudFront alone."
  }

  assert {
    condition     = length([for name, f in local.flows : name if f.to == "database" && f.port != 5432]) == 0 && length([for name, f in local.flows : name if f.to == "redis" && contains(["alb", "maintenance"], f.from)]) == 0
    error_message = "Only api and worker reach Redis; PostgreSQL is reached on its port alone."
  }

  # front
  assert {
    condition     = aws_lb_listener.https.ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    error_message = "TLS 1.3 policy."
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].redirect[0].status_code == "HTTP_301" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "80 leads to 443."
  }

  assert {
    condition     = aws_lb_listener.https.default_action[0].fixed_response[0].status_code == "403"
    error_message = "Without our CloudFront's header the load balancer refuses."
  }

  assert {
    condition     = aws_lb.main.access_logs[0].enabled && aws_lb.main.drop_invalid_header_fields && aws_lb.main.enable_deletion_protection
    error_message = "Access logs, header hygiene and deletion protection."
  }

  assert {
    condition     = aws_cloudfront_distribution.main.default_cache_behavior[0].cache_policy_id == data.aws_cloudfront_cache_policy.disabled.id && data.aws_cloudfront_cache_policy.disabled.name == "Managed-CachingDisabled"
    error_message = "The API is never cached."
  }

  assert {
    condition     = aws_cloudfront_distribution.main.web_acl_id == aws_wafv2_web_acl.main.arn && length(aws_wafv2_web_acl.main.rule) >= 3
    error_message = "CloudFront stands behind the web ACL."
  }

  assert {
    condition     = aws_cloudfront_response_headers_policy.security.security_headers_config[0].strict_transport_security[0].access_control_max_age_sec >= 31536000
    error_message = "Security headers are sent."
  }

  # database
  assert {
    condition     = aws_db_instance.main.multi_az && aws_db_instance.main.storage_encrypted && aws_db_instance.main.manage_master_user_password && aws_db_instance.main.deletion_protection && !aws_db_instance.main.publicly_accessible && !aws_db_instance.main.skip_final_snapshot
    error_message = "RDS: Multi-AZ, encrypted, managed password, protected, private, final snapshot."
  }

  assert {
    condition     = aws_db_instance.main.kms_key_id == aws_kms_key.main.arn && aws_kms_key.main.enable_key_rotation
    error_message = "RDS uses our own, rotating key."
  }

  assert {
    condition     = aws_db_instance.main.backup_retention_period >= 14
    error_message = "Point-in-time recovery of 14 days or more."
  }

  assert {
    condition     = contains([for p in aws_db_parameter_group.main.parameter : "${p.name}=${p.value}"], "rds.force_ssl=1") && contains([for p in aws_db_parameter_group.main.parameter : "${p.name}=${p.value}"], "synchronous_commit=on")
    error_message = "TLS is forced and commits are durable."
  }

  assert {
    condition     = aws_db_parameter_group.main.family == "postgres17"
    error_message = "The parameter family follows the engine's version."
  }

  # redis
  assert {
    condition     = aws_elasticache_replication_group.main.transit_encryption_enabled && aws_elasticache_replication_group.main.automatic_failover_enabled && aws_elasticache_replication_group.main.multi_az_enabled && aws_elasticache_replication_group.main.at_rest_encryption_enabled && aws_elasticache_replication_group.main.auth_token != null
    error_message = "Redis: TLS, AUTH, failover over two zones."
  }

  assert {
    condition     = contains([for p in aws_elasticache_parameter_group.main.parameter : "${p.name}=${p.value}"], "maxmemory-policy=noeviction")
    error_message = "Redis refuses when it is full; BullMQ's keys must never be evicted."
  }

  # images
  assert {
    condition     = aws_ecr_repository.service.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.service.image_scanning_configuration[0].scan_on_push
    error_message = "ECR is immutable and scanned."
  }

  # tasks
  assert {
    condition     = alltrue([for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker, aws_ecs_task_definition.maintenance] : t.execution_role_arn != null && t.task_role_arn != null])
    error_message = "Execution and task roles are both set."
  }

  assert {
    condition = alltrue([
      for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker, aws_ecs_task_definition.maintenance] :
      jsondecode(t.container_definitions)[0].readonlyRootFilesystem && jsondecode(t.container_definitions)[0].user == "10001:10001" && jsondecode(t.container_definitions)[0].linuxParameters.capabilities.drop == ["ALL"] && !can(jsondecode(t.container_definitions)[0].entryPoint)
    ])
    error_message = "Containers: read-only, numeric non-root user, no capabilities, the image's own init in front."
  }

  assert {
    condition = alltrue([
      for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker, aws_ecs_task_definition.maintenance] :
      length([for e in jsondecode(t.container_definitions)[0].environment : e if can(regex("PASSWORD|SECRET|TOKEN|QUEUE_URL|_KEY", e.name))]) == 0
    ])
    error_message = "Secrets arrive through `secrets`, never through `environment`."
  }

  assert {
    condition     = contains([for s in jsondecode(aws_ecs_task_definition.api.container_definitions)[0].secrets : s.name], "DATABASE_URL") && contains([for s in jsondecode(aws_ecs_task_definition.maintenance.container_definitions)[0].secrets : s.name], "PGPASSWORD")
    error_message = "The database's address and the owner's password are secrets."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].stopTimeout == 120 && local.worker_shutdown_deadline_seconds < local.stop_timeout_seconds
    error_message = "The worker's own deadline ends before Fargate's 120 s."
  }

  assert {
    condition     = alltrue([for s in [aws_ecs_service.api, aws_ecs_service.worker] : s.deployment_circuit_breaker[0].enable && s.deployment_circuit_breaker[0].rollback && s.deployment_minimum_healthy_percent == 100 && !s.network_configuration[0].assign_public_ip])
    error_message = "Roll-outs: circuit breaker with rollback, never below 100 %, private."
  }

  assert {
    condition     = alltrue([for image in [for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker] : jsondecode(t.container_definitions)[0].image] : endswith(image, ":0.1.0")])
    error_message = "Both run the image of image_version."
  }

  assert {
    condition = alltrue([
      for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker, aws_ecs_task_definition.maintenance] :
      tonumber(regex("max-old-space-size=([0-9]+)", one([for e in jsondecode(t.container_definitions)[0].environment : e.value if e.name == "NODE_OPTIONS"]))[0]) <= 0.8 * tonumber(t.memory)
    ])
    error_message = "The heap takes four fifths of the task's memory at most."
  }

  # roles
  assert {
    condition = alltrue(flatten([
      for document in concat([data.aws_iam_policy_document.execution, data.aws_iam_policy_document.scheduler, data.aws_iam_policy_document.flow_log], values(data.aws_iam_policy_document.task)) : [
        for s in document.statement : [for action in s.actions : !strcontains(action, "*")]
      ]
    ]))
    error_message = "No role has a wildcard among its actions."
  }

  assert {
    condition = alltrue(flatten([
      for document in concat([data.aws_iam_policy_document.execution, data.aws_iam_policy_document.scheduler, data.aws_iam_policy_document.flow_log], values(data.aws_iam_policy_document.task)) : [
        for s in document.statement : !contains(s.resources, "*") || s.sid == "RegistryLogin"
      ]
    ]))
    error_message = "No role may touch every resource (GetAuthorizationToken knows no other)."
  }

  assert {
    condition     = keys(data.aws_iam_policy_document.task) == ["api", "maintenance", "worker"] && !contains(flatten([for s in data.aws_iam_policy_document.task["api"].statement : s.actions]), "s3:GetObject")
    error_message = "Only maintenance touches backups."
  }

  assert {
    condition = alltrue([
      for s in data.aws_iam_policy_document.task["worker"].statement :
      toset(s.actions) == toset({ List = ["s3:ListBucket"], Objects = ["s3:GetObject", "s3:PutObject"], Key = ["kms:Decrypt", "kms:GenerateDataKey"] }[s.sid]) && (s.sid == "Key" || alltrue([for r in s.resources : startswith(r, "arn:aws:s3:::checkpoints")]))
    ])
    error_message = "Workers may put checkpoints into their bucket, and delete nothing."
  }

  # the log of predictions
  assert {
    condition = [
      for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker, aws_ecs_task_definition.maintenance] :
      length([for c in jsondecode(t.container_definitions) : c.name if contains([for s in c.secrets : s.name], "CHECKPOINT_KEY")])
    ] == [0, 1, 0] && contains([for s in jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].secrets : s.name], "CHECKPOINT_KEY")
    error_message = "Workers sign the log, and nobody else has the key."
  }

  assert {
    condition     = local.worker_environment.CHECKPOINT_ORIGIN == "iit.example.org/log" && contains(split(",", local.worker_environment.CHECKPOINT_SINKS), "s3://checkpoints/log")
    error_message = "Workers sign by a name of its own, and keep checkpoints in their bucket."
  }

  assert {
    condition     = aws_s3_bucket.this["checkpoints"].object_lock_enabled && one(one(aws_s3_bucket_object_lock_configuration.checkpoints.rule).default_retention).mode == "COMPLIANCE" && one(one(aws_s3_bucket_object_lock_configuration.checkpoints.rule).default_retention).days == 3650 && length(one(aws_s3_bucket_lifecycle_configuration.this["checkpoints"].rule).expiration) == 0
    error_message = "Nobody can delete a checkpoint, and none ends by itself."
  }

  assert {
    condition     = length([for s in data.aws_iam_policy_document.bucket["checkpoints"].statement : s.sid if s.effect == "Deny" && s.actions == toset(["s3:PutObject"]) && one(s.condition).variable == "s3:if-none-match" && one(s.condition).test == "Null"]) == 1
    error_message = "Nothing is put over a checkpoint."
  }

  # scaling
  assert {
    condition     = one([for m in one(aws_appautoscaling_policy.worker_backlog.target_tracking_scaling_policy_configuration[0].customized_metric_specification).metrics : m.expression if m.return_data]) == "(pending + leased) / IF(running > 0, running, 1)"
    error_message = "Workers follow outstanding chunks, leased ones included, per running worker."
  }

  assert {
    condition     = alltrue([for m in one(aws_appautoscaling_policy.worker_backlog.target_tracking_scaling_policy_configuration[0].customized_metric_specification).metrics : m.metric_stat[0].stat == "Maximum" if contains(["pending", "leased"], m.id)])
    error_message = "Every API task exports the same depth: Maximum, not Sum."
  }

  assert {
    condition     = aws_appautoscaling_target.this["worker"].min_capacity == 1 && aws_appautoscaling_target.this["worker"].max_capacity == 20 && aws_appautoscaling_target.this["api"].min_capacity == 3 && aws_appautoscaling_target.this["api"].max_capacity == 10
    error_message = "Limits of the guide: API 3 to 10, workers from 1."
  }

  assert {
    condition     = aws_appautoscaling_policy.api["ECSServiceAverageCPUUtilization"].target_tracking_scaling_policy_configuration[0].target_value == 70 && aws_appautoscaling_policy.api["ECSServiceAverageMemoryUtilization"].target_tracking_scaling_policy_configuration[0].target_value == 80
    error_message = "API: CPU 70 %, memory 80 %."
  }

  assert {
    condition     = strcontains(local.prometheus_configuration, "iit_queue_depth") && strcontains(local.agent_configuration, "iit_queue_depth") && jsondecode(local.agent_configuration).logs.metrics_collected.prometheus.emf_processor.metric_namespace == local.metric_namespace
    error_message = "The agent publishes the metric that the scaling reads."
  }

  # buckets
  assert {
    condition     = alltrue([for b in aws_s3_bucket_public_access_block.this : b.block_public_acls && b.block_public_policy && b.ignore_public_acls && b.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.this) == length(aws_s3_bucket.this)
    error_message = "Every bucket is closed to the public."
  }

  assert {
    condition     = alltrue([for v in aws_s3_bucket_versioning.this : v.versioning_configuration[0].status == "Enabled"]) && aws_s3_bucket.this["backups"].object_lock_enabled
    error_message = "Buckets are versioned and backups locked."
  }

  # alarms
  assert {
    condition     = aws_cloudwatch_metric_alarm.log_not_signed.threshold == 7200 && length(aws_cloudwatch_metric_alarm.log_not_signed.alarm_actions) == 1 && alltrue([for name in ["iit_log_checkpoint_timestamp_seconds", "iit_log_unsigned_entries"] : strcontains(local.agent_configuration, name) && strcontains(local.prometheus_configuration, name)])
    error_message = "A log that nobody signs is an alarm, and the agent publishes what it reads."
  }

  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.this : length(a.alarm_actions) == 1 && length(a.ok_actions) == 1]) && length(aws_cloudwatch_metric_alarm.this) >= 9
    error_message = "Every alarm reaches the topic."
  }

  assert {
    condition     = alltrue([for g in aws_cloudwatch_log_group.this : g.retention_in_days == 90 && g.kms_key_id != null])
    error_message = "Logs are encrypted and end."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["QueueDepthMetricAbsent"].treat_missing_data == "breaching"
    error_message = "Silence of the metric that scales the workers is an alarm."
  }

  # commands, ports, and what waits for what
  assert {
    condition     = [for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker, aws_ecs_task_definition.maintenance] : jsondecode(t.container_definitions)[0].command] == [["node", "api/main.ts"], ["node", "workers/main.ts"], ["node", "cli/migrate.ts"]]
    error_message = "Each task runs what its name says."
  }

  assert {
    condition = alltrue([
      for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker] :
      strcontains(jsondecode(t.container_definitions)[0].healthCheck.command[3], ":${jsondecode(t.container_definitions)[0].portMappings[0].containerPort}/health/live")
    ])
    error_message = "Health checks ask the port that is mapped."
  }

  assert {
    condition = alltrue([
      for pair in [[aws_ecs_task_definition.api, "PORT"], [aws_ecs_task_definition.worker, "WORKER_PORT"]] :
      one([for e in jsondecode(pair[0].container_definitions)[0].environment : e.value if e.name == pair[1]]) == tostring(jsondecode(pair[0].container_definitions)[0].portMappings[0].containerPort)
    ]) && aws_lb_target_group.api.port == 8000 && local.flows["alb-to-api"].port == 8000 && one([for b in aws_ecs_service.api.load_balancer : b.container_port]) == 8000
    error_message = "The process listens on the port that the load balancer, its security group and the mapping name."
  }

  assert {
    condition = alltrue([
      for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker] :
      jsondecode(t.container_definitions)[0].dependsOn == [{ condition = "SUCCESS", containerName = "schema" }] && one([for c in jsondecode(t.container_definitions) : c.command if c.name == "schema"]) == ["node", "cli/wait-for-schema.ts"]
    ])
    error_message = "New tasks wait for their schema."
  }

  assert {
    condition     = alltrue([for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker, aws_ecs_task_definition.maintenance] : t.runtime_platform[0].cpu_architecture == "X86_64"])
    error_message = "Every task runs on one architecture."
  }

  # the front's list of paths
  assert {
    condition     = sort(flatten([for r in aws_lb_listener_rule.from_cloudfront : [for c in r.condition : tolist(one(c.path_pattern).values) if length(c.path_pattern) > 0]])) == sort(["/", "/v1/*", "/docs", "/docs/*", "/openapi.json", "/health"])
    error_message = "The load balancer lets in what is for the outside and nothing else."
  }

  assert {
    condition     = alltrue([for r in aws_lb_listener_rule.from_cloudfront : length(flatten([for c in r.condition : length(c.http_header) > 0 ? tolist(one(c.http_header).values) : []])) == 1 && sum([for c in r.condition : length(c.path_pattern) > 0 ? length(one(c.path_pattern).values) : 1]) <= 5])
    error_message = "Every rule asks for our CloudFront's header, and has no more values than a rule may have."
  }

  assert {
    condition     = one(flatten([for r in aws_wafv2_web_acl.main.rule : [for s in r.statement : [for b in s.rate_based_statement : b.limit]]])) >= 300000
    error_message = "The web ACL lets the guide's load test of 1,000 requests a second for five minutes pass."
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.nightly["backup"].target[0].input).containerOverrides[0].command == ["node", "cli/backup.ts"] && jsondecode(aws_scheduler_schedule.nightly["retention"].target[0].input).containerOverrides[0].command == ["node", "cli/retention.ts"]
    error_message = "Backup and retention run by the clock."
  }

  assert {
    condition     = toset([for name, f in local.flows : "${f.from} ${f.to} ${f.port}"]) == toset(["alb api 8000", "api database 5432", "worker database 5432", "maintenance database 5432", "api redis 6379", "worker redis 6379", "api endpoints 443", "worker endpoints 443", "maintenance endpoints 443"])
    error_message = "Who reaches whom."
  }
}

run "arm64_by_digest" {
  command = plan

  variables {
    image_version    = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    cpu_architecture = "ARM64"
  }

  assert {
    condition     = endswith(local.image, "iit@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    error_message = "A digest is joined with @."
  }

  assert {
    condition     = alltrue([for t in [aws_ecs_task_definition.api, aws_ecs_task_definition.worker, aws_ecs_task_definition.maintenance] : t.runtime_platform[0].cpu_architecture == "ARM64"])
    error_message = "Every task moves to the other architecture."
  }
}

run "first_apply_starts_nothing" {
  command = plan

  variables {
    services_running = false
  }

  assert {
    condition     = aws_ecs_service.api.desired_count == 0 && aws_ecs_service.worker.desired_count == 0 && alltrue([for t in aws_appautoscaling_target.this : t.min_capacity == 0 && t.max_capacity == 0])
    error_message = "Before image, schema and login are there, no task is started."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    image_version           = "latest"
    database                = { engine_version = "17.5", instance_class = "db.r7g.large", allocated_storage = 200, max_allocated_storage = 2000, backup_retention_days = 7 }
    availability_zone_count = 1
    cors_origins            = ["http://emr.example.org"]
    origin_secret           = "short"
    redis_auth_token        = "short"
    cpu_architecture        = "RISCV"
    checkpoint_key          = "REPLACE_ME"
    checkpoint_origin       = "a name"
    checkpoint_lock_days    = 30
  }

  expect_failures = [var.image_version, var.database, var.availability_zone_count, var.cors_origins, var.origin_secret, var.redis_auth_token, var.cpu_architecture, var.checkpoint_key, var.checkpoint_origin, var.checkpoint_lock_days]
}

run "old_postgres_is_refused" {
  command = plan

  variables {
    database = { engine_version = "15.8", instance_class = "db.r7g.large", allocated_storage = 200, max_allocated_storage = 2000, backup_retention_days = 21 }
  }

  expect_failures = [var.database]
}
