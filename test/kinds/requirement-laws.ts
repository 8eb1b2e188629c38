/** What the fields of a KeyRequirement do beyond what every kind's do: they speak of methods, which are nobody's to make or take away, and of deployments. */
import { expect } from 'vitest';
import { requirementOf } from '../../src/core/compare/key-requirement.ts';
import { becomes, by, healsWhatAHandDid, nothing, type OwnLaw, takes } from './contract.ts';
import type { Subject } from './subject.ts';

/** The methods of the subject's API that demand a key, by its definition and by what a stage serves. */
async function demanding({ read }: Subject) {
  const { methods, served, deployments } = requirementOf((await read()).live);
  const yes = (all: Readonly<Record<string, boolean>>) =>
    Object.keys(all).filter((key) => all[key]);
  return {
    defined: Object.keys(methods).filter((key) => methods[key]?.apiKeyRequired),
    served: Object.fromEntries(Object.entries(served).map(([stage, all]) => [stage, yes(all)])),
    deployments,
  };
}

/** Single methods: a method that is no longer named stays as it is, and is shown where it demands a key. */
const methods: OwnLaw = async (subject, rule, [first, second]) => {
  const { live: start } = await subject.read();
  await takes(subject, rule, first, []);
  const { live: one } = await subject.read();
  await takes(subject, rule, second, first);
  const { live: two } = await subject.read();
  const differs = [one, start].find(
    ({ spec }) => JSON.stringify(spec.methods) !== JSON.stringify(two.spec.methods),
  );
  await healsWhatAHandDid(subject, rule, differs ?? start, two);

  const { object } = await becomes(subject, {}, nothing);
  const { defined } = await demanding(subject);
  expect(object?.unclaimed ?? []).toHaveLength(defined.length);
  expect((await subject.read()).live.spec).toEqual(two.spec);
};

const apiKeyRequired: OwnLaw = async (subject) => {
  const all = (await subject.read()).live.spec.methods as object;
  const byMethods = { field: 'methods', cause: 'git' } as const;
  await becomes(subject, { apiKeyRequired: true }, byMethods);
  expect((await demanding(subject)).defined).toEqual(Object.keys(all));
  const exception = [{ method: 'GET', path: '/residents', apiKeyRequired: false }];
  await becomes(subject, { apiKeyRequired: true, methods: exception }, byMethods);
  expect((await demanding(subject)).defined).toEqual(
    Object.keys(all).filter((key) => key !== 'GET /residents'),
  );
  await becomes(subject, { apiKeyRequired: false }, byMethods);
  expect((await demanding(subject)).defined).toEqual([]);
  await becomes(subject, {}, nothing);
};

/** Deployed with the commit, once; the stages that are named move, and no other. */
const redeploy: OwnLaw = async (subject, rule, [first, second]) => {
  const required = [{ method: 'GET', path: '/residents', apiKeyRequired: true }];
  await becomes(subject, { methods: required }, { field: 'methods', cause: 'git' });
  const before = await demanding(subject);
  for (const value of [first, second]) {
    const { writes } = await becomes(
      subject,
      { methods: required, [rule.name]: value },
      by(rule, 'git'),
    );
    expect(writes.filter((operation) => operation === 'CreateDeployment')).toHaveLength(1);
    const { stages } = value as { stages: string[] };
    const { served, deployments } = await demanding(subject);
    for (const stage of stages) expect(served[stage], stage).toEqual(['GET /residents']);
    expect(deployments.development).toBe(before.deployments.development);
  }
  await becomes(subject, { methods: required }, nothing);
};

export const REQUIREMENT_LAWS = { methods, apiKeyRequired, redeploy };
