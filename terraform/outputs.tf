output "image_repository" {
  description = "Where the iit-ml-service image is pushed."
  value       = aws_ecr_repository.service.repository_url
}

output "agent_repository" {
  description = "Where the CloudWatch agent's image is mirrored."
  value       = aws_ecr_repository.cloudwatch_agent.repository_url
}

output "load_balancer" {
  description = "Target of origin_domain_name where the DNS zone is elsewhere."
  value       = aws_lb.main.dns_name
}

output "distribution" {
  description = "Target of domain_name where the DNS zone is elsewhere."
  value       = aws_cloudfront_distribution.main.domain_name
}

output "migrate" {
  description = "What `aws ecs run-task` needs to run the migrations before a roll-out."
  value = {
    cluster         = aws_ecs_cluster.main.name
    task_definition = aws_ecs_task_definition.maintenance.arn_without_revision
    subnets         = local.subnet_ids.app
    security_groups = [aws_security_group.this["maintenance"].id]
  }
}

output "buckets" {
  description = "Names of the buckets for backups and logs."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.id }
}
