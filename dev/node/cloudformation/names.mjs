// The names that AWS would give to the resources of a stack: made up, but of
// the right form, and always the same.

const HEX = '0123456789abcdef0123456789abcdef';

function arn(stack, service, region, account, rest) {
  const v = stack.values;
  return [
    'arn',
    v['AWS::Partition'],
    service,
    region ? v['AWS::Region'] : '',
    account ? v['AWS::AccountId'] : '',
    rest,
  ].join(':');
}

const generated = (stack, id) => `${stack.values['AWS::StackName']}-${id}-EXAMPLE`;

const NAMES = {
  'AWS::S3::Bucket': {
    Ref: (stack, id, r) =>
      (r.Properties.BucketName?.['Fn::If'] && stack.values.BucketName) || generated(stack, id).toLowerCase(),
    Arn: (stack, id, r) => arn(stack, 's3', false, false, NAMES['AWS::S3::Bucket'].Ref(stack, id, r)),
  },
  'AWS::KMS::Key': {
    Ref: () => '01234567-89ab-cdef-0123-456789abcdef',
    Arn: (stack) => arn(stack, 'kms', true, true, `key/${NAMES['AWS::KMS::Key'].Ref()}`),
  },
  'AWS::GuardDuty::Detector': { Ref: () => HEX, Id: () => HEX },
  'AWS::IAM::User': {
    Ref: generated,
    Arn: (stack, id) => arn(stack, 'iam', false, true, `user/${generated(stack, id)}`),
  },
  'AWS::IAM::Role': {
    Ref: generated,
    Arn: (stack, id) => arn(stack, 'iam', false, true, `role/${generated(stack, id)}`),
  },
  'AWS::IAM::ManagedPolicy': { Ref: (stack, id) => arn(stack, 'iam', false, true, `policy/${generated(stack, id)}`) },
  'AWS::IAM::OIDCProvider': {
    Arn: (stack) =>
      arn(stack, 'iam', false, true, `oidc-provider/${stack.values.EntraIssuerHost}/${stack.values.EntraTenantId}/`),
  },
};

/** reference is what Ref gives for a resource. */
export const reference = (stack, resource, id) => attribute(stack, resource, id, 'Ref');

/** attribute is what GetAtt gives for a resource. */
export function attribute(stack, resource, id, name) {
  const make = NAMES[resource.Type]?.[name];
  if (!make) throw new Error(`${id}: no ${name} of ${resource.Type} is known here`);
  return make(stack, id, resource);
}
