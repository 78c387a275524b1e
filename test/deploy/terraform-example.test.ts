import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const variables = readFileSync('terraform/variables.tf', 'utf8');
const example = readFileSync('terraform/production.tfvars.example', 'utf8');
const declared = variables
  .split(/^variable /mu)
  .slice(1)
  .map((block) => ({
    name: /^"(\w+)"/u.exec(block)?.[1] ?? '',
    required: !/^ {2}default\b/mu.test(block),
    secret: /^ {2}sensitive\b/mu.test(block),
    described: /^ {2}description = "/mu.test(block),
    validated: /^ {2}validation \{/mu.test(block),
  }));
const given = [...example.matchAll(/^(\w+)\s*=/gmu)].map((match) => match[1] ?? '');

test('the example names only variables that are declared, and every one that is required', () => {
  const names = declared.map((variable) => variable.name);
  expect(given.filter((name) => !names.includes(name))).toEqual([]);
  const wanted = declared.filter((variable) => variable.required && !variable.secret).map((v) => v.name);
  expect(wanted.filter((name) => !given.includes(name))).toEqual([]);
});

test('the example holds no secret, and says how each is given', () => {
  const secrets = declared.filter((variable) => variable.secret).map((variable) => variable.name);
  expect(secrets).toHaveLength(4);
  for (const name of secrets) {
    expect(given).not.toContain(name);
    expect(example).toContain(`TF_VAR_${name}`);
  }
});

test('every variable is described, and validated where a wrong value could be told', () => {
  expect(declared.filter((variable) => !variable.described)).toEqual([]);
  const free = declared.filter((variable) => !variable.validated).map((variable) => variable.name);
  expect(free.toSorted()).toEqual(['hosted_zone_id', 'secret_version', 'services_running']);
});

test('versions are pinned, and the lock file is there', () => {
  const versions = readFileSync('terraform/versions.tf', 'utf8');
  expect(versions).toMatch(/required_version = ">= 1\.11/u);
  expect(versions).toMatch(/version = "5\.100\.0"/u);
  expect(versions).toMatch(/encrypt\s+= true/u);
  expect(versions).toMatch(/use_lockfile = true/u);
  expect(readdirSync('terraform')).toContain('.terraform.lock.hcl');
});
