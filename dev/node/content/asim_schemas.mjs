// The fields and parameters of the ASIM schemas that the parsers are of, by Microsoft's documentation.

/** Fields that a record of any schema has to have, and those of the two. */
export const MANDATORY = [
  'TimeGenerated',
  'Type',
  'EventCount',
  'EventStartTime',
  'EventEndTime',
  'EventType',
  'EventProduct',
  'EventVendor',
  'EventSchema',
  'EventSchemaVersion',
  'Dvc',
];
export const TYPES = {
  AlertEvent: {
    TimeGenerated: 'datetime',
    Type: 'string',
    EventCount: 'int',
    EventStartTime: 'datetime',
    EventEndTime: 'datetime',
    EventUid: 'string',
    AlertId: 'string',
    AlertName: 'string',
    AlertStatus: 'string',
    AttackTactics: 'string',
    AttackTechniques: 'string',
    ThreatCategory: 'string',
    ThreatIsActive: 'bool',
    ThreatRiskLevel: 'int',
    ThreatFirstReportedTime: 'datetime',
    ThreatLastReportedTime: 'datetime',
    DvcIpAddr: 'string',
    DvcHostname: 'string',
    Username: 'string',
    EventSeverity: 'string',
    AlertVerdict: 'string',
    AdditionalFields: 'dynamic',
    EventReportUrl: 'string',
  },
  NetworkSession: {
    TimeGenerated: 'datetime',
    Type: 'string',
    EventCount: 'int',
    EventResult: 'string',
    EventSeverity: 'string',
    SrcIpAddr: 'string',
    DstIpAddr: 'string',
    SrcPortNumber: 'int',
    DstPortNumber: 'int',
    SrcHostname: 'string',
    DstHostname: 'string',
    NetworkProtocol: 'string',
    NetworkDirection: 'string',
    DvcAction: 'string',
    SrcGeoLatitude: 'real',
    DstGeoLongitude: 'real',
    ThreatRiskLevel: 'int',
    AdditionalFields: 'dynamic',
    ASimMatchingIpAddr: 'string',
    ASimMatchingHostname: 'string',
  },
};

/** What the built-in unifying parsers call their custom parser with. */
export const PARAMETERS = {
  AlertEvent:
    'starttime endtime ipaddr_has_any_prefix hostname_has_any username_has_any '
    + 'attacktactics_has_any attacktechniques_has_any threatcategory_has_any alertverdict_has_any '
    + 'eventseverity_has_any disabled pack',
  NetworkSession:
    'starttime endtime srcipaddr_has_any_prefix dstipaddr_has_any_prefix ipaddr_has_any_prefix dstportnumber '
    + 'hostname_has_any dvcaction eventresult disabled pack',
};
