import { describe, expect, it } from 'vitest';
import { type Desired, type Live, TAG } from '../../../src/core/model/model.ts';
import { desired, live, ours, planOf } from '../build.ts';

const key = (applied: string | undefined, spec = {}): Live =>
  live(
    'ApiKey',
    'k1',
    { name: 'acme', ...spec },
    ours('acme', applied === undefined ? {} : { [TAG.applied]: applied }),
  );
const acme = (spec = {}): Desired => desired('ApiKey', 'acme', spec);

describe('the tag applied is damaged', () => {
  it.each<[reason: string, document: Desired, found: Live, told: RegExp | undefined]>([
    ['it is as we write it', acme({ enabled: true }), key('enabled:1a2b3c4d'), undefined],
    ['one stage of a redeployment waits', acme(), key('redeploy:1a2b3c4d-0-2'), undefined],
    ['it is missing', acme({ enabled: true }), key(undefined), /is missing/],
    ['it is empty', acme({ enabled: true }), key(''), /cannot be read/],
    ['it is something else', acme({ enabled: true }), key('rubbish'), /cannot be read/],
    ['a part of it is something else', acme({ enabled: true }), key('name:1/:'), /cannot be read/],
    ['it was adopted, and the document names nothing', acme(), key(undefined), undefined],
    ['nothing was written yet', acme({ description: 'new' }), key(undefined), undefined],
    [
      'an object is adopted just now',
      desired('ApiKey', 'acme', { enabled: true }, { adopt: 'k1' }),
      live('ApiKey', 'k1', { name: 'acme' }),
      undefined,
    ],
    [
      'a pipeline strips the tags of its stages',
      desired('Stage', 'one', { restApi: { name: 'residents-api' }, description: '' }),
      live('Stage', 'api1:one', {}, ours('one')),
      undefined,
    ],
  ])('%s', (_, document, found, told) => {
    const [step] = planOf({ desired: [document], live: [found] }).steps;
    if (told) expect(step?.damaged).toMatch(told);
    else expect(step?.damaged).toBeUndefined();
  });

  it('is written anew when the object equals its document', () => {
    const [step] = planOf({ desired: [acme({ enabled: true })], live: [key('rubbish')] }).steps;
    expect(step).toMatchObject({
      action: 'keep',
      tags: { set: { [TAG.applied]: expect.stringMatching(/^enabled:/) } },
    });
  });
});
