/** The kinds, in the order in which they depend on each other. */
import { apiKey } from './api-key.ts';
import { keyRequirement } from './key-requirement.ts';
import type { Kind } from './kind.ts';
import { stage } from './stage.ts';
import { usagePlan } from './usage-plan.ts';

export const kinds: readonly Kind[] = [apiKey, stage, usagePlan, keyRequirement];
