/** The identifiers of Sentinel's entity types that a mapping may fill. A resource of AWS is not an AzureResource. */
export const ENTITIES = {
  Account: ['Name', 'FullName', 'DisplayName', 'AadUserId', 'Sid', 'UPNSuffix', 'CloudAppAccountId'],
  AzureResource: ['ResourceId'],
  CloudApplication: ['AppId', 'Name', 'InstanceName'],
  DNS: ['DomainName'],
  File: ['Name', 'Directory'],
  FileHash: ['Algorithm', 'Value'],
  Host: ['HostName', 'FullName', 'DnsDomain', 'NetBiosName'],
  IP: ['Address'],
  Process: ['ProcessId', 'CommandLine'],
  URL: ['Url'],
};
