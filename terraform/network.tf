# Three tiers in each zone: public (load balancer), app (tasks), data (RDS, Redis). No NAT gateway: tasks
# reach AWS through endpoints alone, so that a compromised task has no way to carry patients' data out.

resource "aws_vpc" "main" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.name }
}

resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.main.id
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id

  tags = { Name = local.name }
}

locals {
  subnets = merge([
    for tier_index, tier in ["public", "app", "data"] : {
      for zone_index in range(var.availability_zone_count) : "${tier}-${zone_index}" => {
        tier = tier
        zone = zone_index
        cidr = cidrsubnet(var.vpc_cidr, 4, tier_index * 4 + zone_index)
      }
    }
  ]...)
}

resource "aws_subnet" "main" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.main.id
  cidr_block              = each.value.cidr
  availability_zone       = local.azs[each.value.zone]
  map_public_ip_on_launch = false

  tags = { Name = "${local.name}-${each.key}", Tier = each.value.tier }
}

locals {
  subnet_ids = {
    for tier in ["public", "app", "data"] : tier => [for key, subnet in aws_subnet.main : subnet.id if startswith(key, "${tier}-")]
  }
}

resource "aws_route_table" "tier" {
  for_each = toset(["public", "app", "data"])

  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.tier["public"].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "main" {
  for_each = local.subnets

  subnet_id      = aws_subnet.main[each.key].id
  route_table_id = aws_route_table.tier[each.value.tier].id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.tier["app"].id]

  tags = { Name = "${local.name}-s3" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager", "monitoring", "ssm"])

  vpc_id              = aws_vpc.main.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = local.subnet_ids.app
  security_group_ids  = [aws_security_group.this["endpoints"].id]

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_flow_log" "vpc" {
  vpc_id               = aws_vpc.main.id
  traffic_type         = "REJECT"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.this["flow"].arn
  iam_role_arn         = aws_iam_role.flow_log.arn
}
