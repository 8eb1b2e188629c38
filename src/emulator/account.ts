import type { Account, GetAccountRequest, UpdateAccountRequest } from '@aws-sdk/client-api-gateway';
import { given } from './absent.ts';
import type { Operation } from './context.ts';
import { type Grammar, patched, replace } from './patch.ts';
import type { AccountState } from './state.ts';

/** The account's data-plane throttle, which is also what a materialised method setting starts from [LS]. */
export const accountThrottle = { burstLimit: 5000, rateLimit: 10_000 };

type Settings = Pick<AccountState, 'cloudwatchRoleArn'>;

const shown = ({ cloudwatchRoleArn }: Settings): Account => ({
  cloudwatchRoleArn,
  throttleSettings: accountThrottle,
  features: ['UsagePlans'],
  apiKeyVersion: '4',
});

const grammar: Grammar<Settings> = {
  rules: [
    replace('/cloudwatchRoleArn', (settings, { value }) => {
      settings.cloudwatchRoleArn = given(value);
    }),
    { path: '/features', ops: { add: () => {} } },
  ],
};

export const getAccount: Operation<GetAccountRequest, Account> = (_, { state }) => shown(state);

export const updateAccount: Operation<UpdateAccountRequest, Account> = (
  { patchOperations },
  { state },
) => {
  const { cloudwatchRoleArn } = patched(
    { cloudwatchRoleArn: state.cloudwatchRoleArn } as Settings,
    patchOperations,
    grammar,
    'updateAccountInput',
  );
  state.cloudwatchRoleArn = cloudwatchRoleArn;
  return shown(state);
};
