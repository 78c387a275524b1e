data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  state = "available"
}

locals {
  name       = "iit-ml-service-${var.environment}"
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  tags = {
    Application = "iit-ml-service"
    Environment = var.environment
    ManagedBy   = "terraform"
    DataClass   = "health-sensitive"
  }

  azs = slice(data.aws_availability_zones.available.names, 0, var.availability_zone_count)

  image = "${aws_ecr_repository.service.repository_url}${startswith(var.image_version, "sha256:") ? "@" : ":"}${var.image_version}"

  # Seconds, each below the next: one chunk, the worker's own deadline, the time ECS leaves it before SIGKILL.
  # Fargate allows no more than 120.
  worker_shutdown_deadline_seconds = 90
  stop_timeout_seconds             = 120
}
