import { expect, test } from 'vitest';
import { mayYield } from '../../../src/core/plan/plan-update.ts';

const setting = (...keys: string[]) => ['methodSettings', '* /*', ...keys];

test.each<[why: string, place: string[]]>([
  ['a name is for people', ['name']],
  ['a description is for people', ['description']],
  ['a customer id is a text', ['customerId']],
  ['a product code is a text', ['productCode']],
  ['a tag is for people', ['tags', 'team']],
  ['tracing only observes', ['tracingEnabled']],
  ['a cache costs money, and opens nothing', ['cacheCluster']],
  ['a cache may be on or off', ['cacheCluster', 'enabled']],
  ['a cache has a size', ['cacheCluster', 'size']],
  ['metrics only observe', setting('metricsEnabled')],
  ['a log level shows no bodies', setting('logging', 'level')],
])('contested gives up: %s', (_, [field = '', ...keys]) => {
  expect(mayYield({ field, keys })).toBe(true);
});

test.each<[why: string, place: string[]]>([
  ['a key is on or off', ['enabled']],
  ['a limit protects', ['throttle', 'rateLimit']],
  ['a limit as a whole', ['throttle']],
  ['a quota protects', ['quota', 'limit']],
  ['a longer period is a limit, too', ['quota', 'period']],
  ['a method may be opened', ['methods', 'GET /', 'apiKeyRequired']],
  ['the place of the key', ['apiKeySource']],
  ['a redeployment serves the requirement', ['redeploy', 'production']],
  ['a variable may name another host', ['variables', 'host']],
  ['a deployment is what is served', ['deployment']],
  ['an access log is evidence', ['accessLog', 'destinationArn']],
  ['a certificate proves the caller', ['clientCertificateId']],
  ['a membership is access', ['keys', 'k1']],
  ['a stage in a plan is access', ['stages', 'api1:s1']],
  ['a method throttle', ['stages', 'api1:s1', 'methodThrottles', 'GET /', 'rateLimit']],
  ['bodies hold personal data', setting('logging', 'dataTrace')],
  ['logging as a whole holds dataTrace', setting('logging')],
  ['an entry as a whole holds its throttle', setting()],
  ['a throttle of a setting', setting('throttle', 'rateLimit')],
  ['a cached answer may go to another caller', setting('caching', 'enabled')],
  ['an old answer may go to another caller', setting('caching', 'ttlInSeconds')],
  ['encryption', setting('caching', 'dataEncrypted')],
  ['who may empty the cache', setting('caching', 'requireAuthorizationForCacheControl')],
  ['what others get', setting('caching', 'unauthorizedCacheControlHeaderStrategy')],
  ['a field that is not known yet', ['another']],
])('contested never gives up: %s', (_, [field = '', ...keys]) => {
  expect(mayYield({ field, keys })).toBe(false);
});
