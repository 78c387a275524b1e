# Every rule names another security group; only the load balancer's ingress names a prefix list, CloudFront's.

data "aws_ec2_managed_prefix_list" "cloudfront" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

resource "aws_security_group" "this" {
  for_each = {
    alb         = "Load balancer, HTTPS from CloudFront"
    alb-http    = "Load balancer, HTTP from CloudFront, for the redirect"
    api         = "API tasks"
    worker      = "Worker tasks"
    maintenance = "Migration, backup and retention tasks"
    database    = "RDS PostgreSQL"
    redis       = "ElastiCache"
    endpoints   = "VPC interface endpoints"
  }

  name_prefix = "${local.name}-${each.key}-"
  description = each.value
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-${each.key}" }

  lifecycle {
    create_before_destroy = true
  }
}

# CloudFront's prefix list weighs 55 rules and a group holds 60 by default: each port has its own group.
resource "aws_vpc_security_group_ingress_rule" "alb" {
  for_each = { alb = 443, alb-http = 80 }

  security_group_id = aws_security_group.this[each.key].id
  description       = "CloudFront alone, port ${each.value}"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront.id
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

locals {
  flows = {
    alb-to-api              = { from = "alb", to = "api", port = 8000 }
    api-to-database         = { from = "api", to = "database", port = 5432 }
    worker-to-database      = { from = "worker", to = "database", port = 5432 }
    maintenance-to-database = { from = "maintenance", to = "database", port = 5432 }
    api-to-redis            = { from = "api", to = "redis", port = 6379 }
    worker-to-redis         = { from = "worker", to = "redis", port = 6379 }
    api-to-endpoints        = { from = "api", to = "endpoints", port = 443 }
    worker-to-endpoints     = { from = "worker", to = "endpoints", port = 443 }
    maintenance-to-endpoint = { from = "maintenance", to = "endpoints", port = 443 }
  }
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each = local.flows

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each = local.flows

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# S3's gateway endpoint is reached by its prefix list (image layers, backups).
resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = toset(["api", "worker", "maintenance"])

  security_group_id = aws_security_group.this[each.key].id
  description       = "S3 through the gateway endpoint"
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
