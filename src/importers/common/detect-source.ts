/** What a file of another kind than was asked for is, so that the command for it can be named. */
import { isRecord } from './fields.ts';

/** `value`: the file's content, parsed. Begins with `; `; empty where it is of no kind that is known here. */
export function meantSource(value: unknown): string {
  if (!isRecord(value)) return '';
  if (isRecord(value.Resources))
    return '; this is a CloudFormation template: apikeeper import cloudformation reads it';
  if ('provider' in value && ('service' in value || 'functions' in value))
    return '; this is a Serverless file: apikeeper import serverless reads it';
  if ('terraform_version' in value || (Array.isArray(value.resources) && 'serial' in value))
    return '; this is Terraform: apikeeper import terraform reads it';
  if (typeof value.apiVersion === 'string' && value.apiVersion.startsWith('apikeeper.dev/'))
    return '; this is a manifest of apikeeper already';
  return '';
}
