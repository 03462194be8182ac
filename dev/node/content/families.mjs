// Which rule takes a finding, by its type: what the tests expect, apart from the table that the rules go by.

/** A pattern that one of several fits. */
const either = (...patterns) => new RegExp(patterns.map((p) => p.source).join('|'));
/** Types that no rule takes. */
const QUIET = either(
  /^CredentialAccess:RDS\/AnomalousBehavior\.FailedLogin$/,
  /^DefenseEvasion:Runtime\/PtraceAntiDebugging$/,
  /^Discovery:(IAMUser|S3)\/AnomalousBehavior$/,
  /^Discovery:Kubernetes\/AnomalousBehavior.*$/,
  /^Discovery:Runtime\/.*$/,
  /^Execution:Kubernetes\/AnomalousBehavior\.WorkloadDeployed$/,
  /^Execution:Runtime\/SuspiciousShellCreated$/,
  /^Impact:\w+\/SuspiciousDomainRequest.*$/,
  /^PrivilegeEscalation:Kubernetes\/AnomalousBehavior\.RoleCreated$/,
);

/**
 * What each rule takes, said here by the types, apart from the table that the rules go by.
 * A finding belongs to the first that fits.
 */
export const FAMILIES = {
  GuardDutyAttackSequence: /^AttackSequence:/,
  GuardDutyCredentialExfiltration: /CredentialExfiltration|MetadataDNSRebind|UnsecuredCredentials/,
  GuardDutyRootUse: /RootCredentialUsage$/,
  GuardDutyCryptoMining: /^CryptoCurrency:|Bitcoin|CryptoMiner/,
  GuardDutyBruteForceSucceeded: /SuccessfulBruteForce/,
  GuardDutyDatabaseLogin: /^(CredentialAccess|Discovery|InitialAccess):RDS\//,
  GuardDutyDefenseEvasion: /^(Stealth|DefenseImpairment):|^DefenseEvasion:IAMUser\/|BlockPublicAccessDisabled$/,
  GuardDutyMalware: either(
    /(Malicious|Suspicious)File/,
    /^(Execution|DefenseEvasion|Persistence):Runtime\//,
    /^PrivilegeEscalation:Runtime\/(ElevationToRoot|SuspiciousCommand|UserfaultfdUsage)/,
  ),
  GuardDutyKubernetes: /:Kubernetes\/|^PrivilegeEscalation:Runtime\//,
  GuardDutyDataExposure:
    /^(Impact|Discovery|UnauthorizedAccess|PenTest|Policy|Exfiltration):S3\/|^Exfiltration:(EC2|RDS)\//,
  GuardDutyCommandAndControl: either(
    /^(Backdoor|Trojan|Behavior):|DomainRequest|Tor(Client|Relay)$/,
    /^UnauthorizedAccess:(EC2|Lambda)\/MaliciousIPCaller/,
    /^DefenseEvasion:EC2\/|:EC2\/Port(scan|Sweep)$/,
  ),
  GuardDutyAnomalousIdentity:
    /:(IAMUser|IAM|RolesAnywhere|SES|SageMaker)\/|^Persistence:(Lambda|EC2)\/|^LateralMovement:/,
};
export const GENERAL = 'GuardDutyCriticalOrHighFinding';
export const LATE = 'GuardDutyFindingLate';

export const familyOf = (type) =>
  QUIET.test(type) ? undefined : Object.keys(FAMILIES).find((name) => FAMILIES[name].test(type));
