/** What an API demands of its callers, as a KeyRequirement says it. */

import { requirementOf } from '../core/compare/key-requirement.ts';
import { compareText } from '../core/model/json.ts';
import type { Json, Live } from '../core/model/model.ts';

/** Whether there is anything to say: an API that demands no key needs no document. */
export function isDemanding(live: Live): boolean {
  return Object.values(requirementOf(live).methods).some(({ apiKeyRequired }) => apiKeyRequired);
}

/** The methods that demand a key. None is named that doesn't: it is left alone, whoever may want a key of it one day. */
export function requiredMethods(live: Live): Json {
  const required = Object.entries(requirementOf(live).methods).filter(
    ([key, { apiKeyRequired }]) => apiKeyRequired && !isPreflight(key),
  );
  return Object.fromEntries(required.map(([key]) => [key, { apiKeyRequired: true }]));
}

export function requirementComments(live: Live): string[] {
  const { methods, served } = requirementOf(live);
  const keys = Object.keys(methods).sort(compareText);
  const demands = (key: string) => methods[key]?.apiKeyRequired === true;
  const preflights = keys.filter((key) => isPreflight(key) && demands(key));
  const comments: string[] = [];
  if (preflights.length > 0)
    comments.push(
      `${preflights.join(', ')} demands a key, which a browser's preflight never carries, so no manifest may say so: is that meant?`,
    );
  for (const stage of Object.keys(served).sort(compareText)) {
    const now = served[stage] ?? {};
    const opens = keys.filter((key) => now[key] === true && !demands(key));
    const closes = keys.filter((key) => now[key] === false && demands(key));
    if (closes.length > 0)
      comments.push(
        `${stage} serves ${closes.join(', ')} without asking for a key: the next deployment makes it ask`,
      );
    if (opens.length > 0)
      comments.push(
        `${stage} still asks for a key for ${opens.join(', ')}: the next deployment makes it stop`,
      );
  }
  return comments;
}

/** Lines that a person may uncomment. */
export function requirementOptions(live: Live): string[] {
  const stages = Object.keys(requirementOf(live).served).sort(compareText);
  return [
    'apiKeyRequired: true  # uncomment to have every other method demand a key too, those to come included; never OPTIONS',
    `redeploy: { stages: [${stages.join(', ') || '<stage>'}] }  # uncomment to have apikeeper deploy when this document changes; that publishes all that is undeployed in the API`,
  ];
}

function isPreflight(key: string): boolean {
  return key.startsWith('OPTIONS ');
}
