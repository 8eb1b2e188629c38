import { describe, expect, it } from 'vitest';
import {
  type Departure,
  departureOf,
  readDeparture,
  writeDeparture,
} from '../../../src/core/compare/delete-after.ts';
import { isRetired } from '../../../src/core/compare/ownership.ts';
import { TAG } from '../../../src/core/model/model.ts';

const TIME = '2026-01-29T09:00:05Z';

describe('the tag delete-after', () => {
  it.each<[reason: string, text: string, departure: Departure, retired: boolean]>([
    ['it was enabled, and a time runs', `${TIME}/on`, { until: TIME, was: 'on' }, true],
    ['it was disabled, and a time runs', `${TIME}/off`, { until: TIME, was: 'off' }, true],
    ['it is kept', 'never/on', { until: 'never', was: 'on' }, true],
    ['it came back, and is not put back yet', '0/on', { until: '0', was: 'on' }, false],
    ['0.1.0 wrote no word', TIME, { until: TIME }, true],
    ['a key of 0.1.0 whose time stands still', 'never', { until: 'never' }, true],
    ['a key of 0.1.0 that came back', '0', { until: '0' }, false],
    ['a damaged text is no return', 'rubbish/of/it', { until: 'rubbish/of/it' }, true],
    ['an empty one neither', '', { until: '' }, true],
    ['a word that nobody wrote', `${TIME}/maybe`, { until: `${TIME}/maybe` }, true],
  ])('%s', (_, text, departure, retired) => {
    expect(readDeparture(text)).toEqual(departure);
    expect(writeDeparture(departure)).toBe(text);
    expect(departureOf({ tags: { [TAG.deleteAfter]: text } })).toEqual(departure);
    expect(isRetired({ tags: { [TAG.deleteAfter]: text } })).toBe(retired);
  });

  it('says nothing where there is none', () => {
    expect(departureOf({ tags: {} })).toBeUndefined();
    expect(isRetired({ tags: {} })).toBe(false);
  });
});
