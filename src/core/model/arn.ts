/** ARNs. */

/** How a region's name begins where its partition isn't `aws`. */
const PARTITIONS: Readonly<Record<string, string>> = {
  'cn-': 'aws-cn',
  'us-gov-': 'aws-us-gov',
  'us-iso-': 'aws-iso',
  'us-isob-': 'aws-iso-b',
  'eusc-': 'aws-eusc',
};

interface Arn {
  readonly service: string;
  readonly region: string;
  /** Left out where the service leaves it out. */
  readonly account?: string;
  readonly resource: string;
}

/** In the partition to which the region belongs. */
export function arn({ service, region, account = '', resource }: Arn): string {
  const prefix = Object.keys(PARTITIONS).find((beginning) => region.startsWith(beginning));
  return `arn:${PARTITIONS[prefix ?? ''] ?? 'aws'}:${service}:${region}:${account}:${resource}`;
}

/** An ARN of API Gateway, which leaves the account out (docs/api-gateway-facts.md#f16). */
export function gatewayArn(region: string, path: string): string {
  return arn({ service: 'apigateway', region, resource: path });
}
