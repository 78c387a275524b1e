resource "aws_lb" "main" {
  name                       = local.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = local.subnet_ids.public
  security_groups            = [aws_security_group.this["alb"].id, aws_security_group.this["alb-http"].id]
  drop_invalid_header_fields = true
  enable_deletion_protection = true

  # Longer than a long poll (30 s) and the pause between two events; shorter than Node's keep-alive.
  idle_timeout = 60

  access_logs {
    bucket  = aws_s3_bucket.this["logs"].id
    prefix  = "alb"
    enabled = true
  }

  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_lb_target_group" "api" {
  name_prefix          = "iitapi"
  port                 = 8000
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = aws_vpc.main.id
  deregistration_delay = 60

  health_check {
    path                = "/health/ready"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  # The prefix list admits everybody's CloudFront; the rules below admit ours, and what is public of the API.
  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "application/json"
      message_body = jsonencode({ type = "about:blank", title = "Forbidden", status = 403, code = "not_through_the_front" })
      status_code  = "403"
    }
  }
}

# What is for the outside, and nothing else: a path that is not named here is refused, however it is written. A rule
# takes five values over all its conditions; the header is one of them.
locals {
  public_paths = ["/", "/v1/*", "/docs", "/docs/*", "/openapi.json", "/health"]
}

resource "aws_lb_listener_rule" "from_cloudfront" {
  for_each = { for index, paths in chunklist(local.public_paths, 4) : tostring(index) => paths }

  listener_arn = aws_lb_listener.https.arn
  priority     = 10 + tonumber(each.key)

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api.arn
  }

  condition {
    http_header {
      http_header_name = "X-Origin-Secret"
      values           = [var.origin_secret]
    }
  }

  condition {
    path_pattern {
      values = each.value
    }
  }
}
