import { mutantsOf } from './mutant.ts';

/** A plan takes seconds, so these are few; each is of a kind that once survived. */
export const terraformMutants = [
  ...mutantsOf('terraform/cluster.tf', {
    'the worker runs the api': [
      'command          = ["node", "workers/main.ts"]',
      'command          = ["node", "api/main.ts"]',
    ],
    'health of another port': ['http://127.0.0.1:8001/health/live', 'http://127.0.0.1:8000/health/live'],
    'a heap as large as the task': ['floor(var.worker.memory * 0.75)', 'var.worker.memory'],
    'no wait for the schema': [
      'command          = ["node", "cli/wait-for-schema.ts"]',
      'command          = ["true"]',
    ],
    'a backup that retires': [
      'command = ["node", "cli/backup.ts"]',
      'command = ["node", "cli/retention.ts"]',
    ],
    'nobody signs': [
      'concat(local.secrets_of_tasks, [{ name = "CHECKPOINT_KEY", valueFrom = aws_secretsmanager_secret.this["checkpoint-key"].arn }])',
      'local.secrets_of_tasks',
    ],
    'checkpoints beside the backups': [
      's3://${aws_s3_bucket.this["checkpoints"].id}/log',
      's3://${aws_s3_bucket.this["backups"].id}/log',
    ],
  }),
  ...mutantsOf('terraform/buckets.tf', {
    'checkpoints that somebody can delete': ['mode = "COMPLIANCE"', 'mode = "GOVERNANCE"'],
    'checkpoints that end': ['checkpoints = { expire_days = 0', 'checkpoints = { expire_days = 400'],
    'checkpoints that are overwritten': ['variable = "s3:if-none-match"', 'variable = "s3:x-amz-acl"'],
  }),
  ...mutantsOf('terraform/load-balancer.tf', {
    'metrics let out': ['"/health"]', '"/health", "/metrics"]'],
    'another port than the api’s': ['port                 = 8000', 'port                 = 8080'],
  }),
  ...mutantsOf('terraform/security-groups.tf', {
    'maintenance reaches Redis': [
      'api-to-redis            = { from = "api"',
      'api-to-redis            = { from = "maintenance"',
    ],
  }),
  ...mutantsOf('terraform/variables.tf', {
    'a web ACL that stops the load test': ['default     = 600000', 'default     = 30000'],
  }),
  ...mutantsOf('terraform/locals.tf', {
    'a deadline after the end': [
      'worker_shutdown_deadline_seconds = 90',
      'worker_shutdown_deadline_seconds = 120',
    ],
  }),
  ...mutantsOf('terraform/iam.tf', {
    'the api writes backups': [
      'resources = ["${aws_cloudwatch_log_group.this["metrics"].arn}:*"] },',
      'resources = ["${aws_cloudwatch_log_group.this["metrics"].arn}:*"] },\n      { sid = "More", actions = ["s3:GetObject"], resources = [aws_s3_bucket.this["backups"].arn] },',
    ],
    'workers that delete checkpoints': [
      'actions = ["s3:GetObject", "s3:PutObject"], resources',
      'actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], resources',
    ],
    'workers that read backups': [
      '{ sid = "List", actions = ["s3:ListBucket"], resources = [aws_s3_bucket.this["checkpoints"].arn] }',
      '{ sid = "List", actions = ["s3:ListBucket"], resources = [aws_s3_bucket.this["backups"].arn] }',
    ],
  }),
  ...mutantsOf('terraform/autoscaling.tf', {
    'busy workers do not count': ['"(pending + leased) /', '"(pending) /'],
  }),
];
