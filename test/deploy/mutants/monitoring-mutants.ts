import { mutantsOf } from './mutant.ts';

export const monitoringMutants = [
  ...mutantsOf('monitoring/alerts.yml', {
    'an error rate of half': ['ratio_rate5m > 0.05', 'ratio_rate5m > 0.5'],
    'a backup ten days old': ['> 26 * 3600', '> 260 * 3600'],
    'a log that nobody signs for a day': ['> 2 * 3600 and', '> 24 * 3600 and'],
    'a log that is quiet for want of work': [
      'and max(iit_log_unsigned_entries) > 0',
      'and max(iit_log_unsigned_entries) >= 0',
    ],
    'a chunk that waits for hours': ['> 900', '> 9000'],
    'the burn of a day': ['ratio_rate1h > 14.4 * 0.001', 'ratio_rate1h > 144 * 0.001'],
    'silence is no news': [
      'absent(iit_queue_depth{state="pending"})',
      'iit_queue_depth{state="pending"} < 0',
    ],
    'workers that may be absent at work': [
      'service:iit_outstanding_chunks:max > 0)',
      'service:iit_outstanding_chunks:max > 1e9)',
    ],
    'an alert in too much of a hurry': [
      'for: 10m\n        labels: {severity: page}\n        annotations:\n          summary: A chunk',
      'for: 0m\n        labels: {severity: page}\n        annotations:\n          summary: A chunk',
    ],
    'an alert without a runbook': [
      'runbook: docs/runbooks/jobs-fail.md',
      'runbook: docs/runbooks/job-fails.md',
    ],
    'an alert of no severity': ['labels: {severity: page}', 'labels: {severity: urgent}'],
  }),
  ...mutantsOf('k8s/components/monitoring/prometheus-rule.yaml', {
    'an alert that the operator never hears of': ['- alert: HighErrorRate', '- alert: HighErrors'],
  }),
  ...mutantsOf('monitoring/recording-rules.yml', {
    'every pod counted': ['sum(max by (queue, state)', 'sum(sum by (queue, state)'],
  }),
  ...mutantsOf('monitoring/alertmanager/alertmanager.yml', {
    'pages that wait till morning': ['receiver: on-call', 'receiver: tickets'],
  }),
];
