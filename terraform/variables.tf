variable "region" {
  description = "AWS region of everything but CloudFront's certificate and web ACL."
  type        = string
  default     = "af-south-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like af-south-1."
  }
}

variable "environment" {
  description = "Short name of the installation; part of every resource's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment must be 2 to 12 lower-case letters and digits, a letter first."
  }
}

variable "vpc_cidr" {
  description = "Address range of the VPC; /16 to /20, cut into one /4-bits-smaller subnet per tier and zone."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 20
    error_message = "vpc_cidr must be a valid range between /16 and /20."
  }
}

variable "availability_zone_count" {
  description = "Zones to spread over."
  type        = number
  default     = 2

  validation {
    condition     = var.availability_zone_count >= 2 && var.availability_zone_count <= 3
    error_message = "Two or three zones: one is not a deployment, and four do not fit the address plan."
  }
}

variable "domain_name" {
  description = "Public name of the service, e.g. iit.example.org; CloudFront answers it."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "domain_name must be a full lower-case DNS name."
  }
}

variable "origin_domain_name" {
  description = "Name by which CloudFront reaches the load balancer over TLS; covered by certificate_arn."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.origin_domain_name))
    error_message = "origin_domain_name must be a full lower-case DNS name."
  }
}

variable "hosted_zone_id" {
  description = "Route 53 zone that holds both names; empty: the records are made elsewhere."
  type        = string
  default     = ""
}

variable "certificate_arn" {
  description = "ACM certificate in the region, for origin_domain_name."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:acm:", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of an ACM certificate."
  }
}

variable "cloudfront_certificate_arn" {
  description = "ACM certificate in us-east-1, for domain_name."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:acm:us-east-1:", var.cloudfront_certificate_arn))
    error_message = "cloudfront_certificate_arn must be the ARN of an ACM certificate in us-east-1."
  }
}

variable "origin_secret" {
  description = "Value of the header that proves a request came through our own CloudFront distribution."
  type        = string
  sensitive   = true

  validation {
    condition     = length(var.origin_secret) >= 32
    error_message = "origin_secret needs at least 32 characters."
  }
}

variable "requests_per_address" {
  description = "Requests that one address may send in five minutes, before the web ACL blocks it. The guide's load test sends 300,000."
  type        = number
  default     = 600000

  validation {
    condition     = var.requests_per_address >= 10 && var.requests_per_address <= 2000000000
    error_message = "AWS WAF takes 10 to 2,000,000,000."
  }
}

variable "services_running" {
  description = "false for the first apply of an empty account: everything is made, and no task is started before image, schema and login are there."
  type        = bool
  default     = true
}

variable "cpu_architecture" {
  description = "X86_64, or ARM64 for Graviton; the image has to be built for it."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "Fargate knows X86_64 and ARM64."
  }
}

variable "image_version" {
  description = "Tag or sha256: digest of the iit-ml-service image in this account's ECR."
  type        = string

  validation {
    condition     = var.image_version != "latest" && (can(regex("^sha256:[0-9a-f]{64}$", var.image_version)) || can(regex("^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$", var.image_version)))
    error_message = "image_version must be a digest or a tag, and never latest."
  }
}

variable "cloudwatch_agent_version" {
  description = "Tag of the CloudWatch agent image mirrored into this account's ECR (the subnets have no way to the internet)."
  type        = string
  default     = "1.300054.1b1081"

  validation {
    condition     = var.cloudwatch_agent_version != "latest" && length(var.cloudwatch_agent_version) > 0
    error_message = "cloudwatch_agent_version must be a fixed tag, never latest."
  }
}

variable "api" {
  description = "Size of the API service: Fargate CPU units, MiB, task counts."
  type = object({
    cpu    = number
    memory = number
    min    = number
    max    = number
  })
  default = { cpu = 1024, memory = 2048, min = 3, max = 10 }

  validation {
    condition     = var.api.min >= 2 && var.api.max >= var.api.min && var.api.memory >= 1024
    error_message = "The API needs at least 2 tasks of 1024 MiB, and max >= min."
  }
}

variable "worker" {
  description = "Size of the worker service, and how many outstanding chunks a worker may have before another one starts."
  type = object({
    cpu               = number
    memory            = number
    min               = number
    max               = number
    chunks_per_worker = number
  })
  default = { cpu = 2048, memory = 4096, min = 1, max = 20, chunks_per_worker = 40 }

  validation {
    condition     = var.worker.min >= 1 && var.worker.max >= var.worker.min && var.worker.chunks_per_worker >= 1
    error_message = "At least 1 worker, max >= min, and at least 1 chunk per worker."
  }
}

variable "database" {
  description = "RDS PostgreSQL: version, class, GiB at the start and at most, days of point-in-time recovery."
  type = object({
    engine_version        = string
    instance_class        = string
    allocated_storage     = number
    max_allocated_storage = number
    backup_retention_days = number
  })
  default = {
    engine_version        = "17.5"
    instance_class        = "db.r7g.large"
    allocated_storage     = 200
    max_allocated_storage = 2000
    backup_retention_days = 21
  }

  validation {
    condition     = contains(["16", "17", "18"], split(".", var.database.engine_version)[0])
    error_message = "The service is tested on PostgreSQL 16 to 18."
  }

  validation {
    condition     = var.database.backup_retention_days >= 14 && var.database.backup_retention_days <= 35
    error_message = "Point-in-time recovery must reach back 14 to 35 days."
  }

  validation {
    condition     = var.database.max_allocated_storage > var.database.allocated_storage
    error_message = "max_allocated_storage must be larger than allocated_storage, or storage never grows."
  }
}

variable "database_app_password" {
  description = "Password of the role iit_app that api and workers log in with (the master password is RDS's own)."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{24,}$", var.database_app_password))
    error_message = "database_app_password needs 24 or more of A-Z a-z 0-9 _ - (it stands in a URL)."
  }
}

variable "checkpoint_key" {
  description = "Private Ed25519 key, PEM, that signs checkpoints of the log of predictions: npm run audit:key -- FILE."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{60,80}-----END PRIVATE KEY-----\n?$", var.checkpoint_key))
    error_message = "checkpoint_key must be a private Ed25519 key in PEM (PKCS #8)."
  }
}

variable "checkpoint_origin" {
  description = "Name of the log and of its key; empty: domain_name and /log. Another one after a restore (docs/audit-log.md)."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[^ \t\n+]{0,200}$", var.checkpoint_origin))
    error_message = "checkpoint_origin has no spaces and no plus."
  }
}

variable "checkpoint_lock_days" {
  description = "Days for which nobody, the account's root included, can delete a checkpoint. As long as the log is kept, at least."
  type        = number
  default     = 3650

  validation {
    condition     = var.checkpoint_lock_days >= 730 && var.checkpoint_lock_days <= 36500
    error_message = "Checkpoints are locked for 730 days (the least that scores are kept) to 36,500 (S3's limit)."
  }
}

variable "redis_node_type" {
  description = "ElastiCache node class."
  type        = string
  default     = "cache.t4g.small"

  validation {
    condition     = startswith(var.redis_node_type, "cache.")
    error_message = "redis_node_type must begin with cache."
  }
}

variable "redis_auth_token" {
  description = "AUTH token of Redis."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{32,128}$", var.redis_auth_token))
    error_message = "redis_auth_token needs 32 to 128 of A-Z a-z 0-9 _ - (it stands in a URL)."
  }
}

variable "cors_origins" {
  description = "Origins that browsers may call the API from."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for o in var.cors_origins : startswith(o, "https://")])
    error_message = "Every origin must begin with https://."
  }
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps logs (no patient data is in them)."
  type        = number
  default     = 90

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400], var.log_retention_days)
    error_message = "CloudWatch knows 30, 60, 90, 120, 150, 180, 365 and 400 days."
  }
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to."
  type        = list(string)

  validation {
    condition     = length(var.alarm_emails) > 0 && alltrue([for e in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", e))])
    error_message = "At least one address must hear of alarms."
  }
}

variable "secret_version" {
  description = "Raise it when database_app_password, redis_auth_token or checkpoint_key changes: the secrets' values are write-only and Terraform cannot compare them."
  type        = number
  default     = 1
}
