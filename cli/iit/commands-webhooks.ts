import { Option, type Command } from 'commander';
import { type Definition, whole } from './option-values.ts';
import type { DeliveryOptions, NewWebhookOptions, ReplayOptions } from './verbs/webhooks.ts';

const MOST_DELIVERIES = 500;

/** Addresses that are told what happens. */
export function defineWebhooks({ program, contextOf }: Definition): void {
  const load = () => import('./verbs/webhooks.ts');
  const webhooks = program.command('webhooks').description('Addresses that are told what happens.');
  webhooks
    .command('ls')
    .description('Webhooks, with what waits and what was given up.')
    .action(async (_options: object, command: Command) => (await load()).list(contextOf(command)));
  webhooks
    .command('add')
    .description('Has an address told; its secret is printed this once.')
    .argument('<url>')
    .requiredOption(
      '--events <events>',
      'job.ended, schedule.missed, model.changed, drift.found, log.checkpoint; with commas',
    )
    .addOption(new Option('--form <form>', 'of the messages').choices(['standard', 'cloudevents']))
    .option('--description <text>', 'for people')
    .action(async (url: string, options: NewWebhookOptions, command: Command) =>
      (await load()).add(contextOf(command), url, options),
    );
  webhooks
    .command('rm')
    .description('Tells an address nothing more.')
    .argument('<id>')
    .action(async (id: string, _options: object, command: Command) =>
      (await load()).remove(contextOf(command), id),
    );
  webhooks
    .command('rotate')
    .description('Replaces the secret; the one before counts for 24 hours more.')
    .argument('<id>')
    .action(async (id: string, _options: object, command: Command) =>
      (await load()).rotate(contextOf(command), id),
    );
  webhooks
    .command('test')
    .description('Sends an event of the type webhook.test.')
    .argument('<id>')
    .action(async (id: string, _options: object, command: Command) =>
      (await load()).test(contextOf(command), id),
    );
  webhooks
    .command('deliveries')
    .description('What an address was told, and what is still to be told.')
    .argument('<id>')
    .addOption(new Option('--state <state>', 'only these').choices(['pending', 'delivered', 'dead']))
    .option('--limit <count>', 'the newest so many', whole('--limit', 1, MOST_DELIVERIES))
    .action(async (id: string, options: DeliveryOptions, command: Command) =>
      (await load()).deliveries(contextOf(command), id, options),
    );
  webhooks
    .command('replay')
    .description('Sends again what was given up, one event, or everything since a time.')
    .argument('<id>')
    .option('--event <id>')
    .option('--since <time>', 'such as 2026-12-01T00:00:00Z')
    .action(async (id: string, options: ReplayOptions, command: Command) =>
      (await load()).replay(contextOf(command), id, options),
    );
}
