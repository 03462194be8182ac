// What Sentinel takes as tactics, and the techniques of MITRE ATT&CK (Enterprise) that the content uses.

export const TACTICS = ['Reconnaissance', 'ResourceDevelopment', 'InitialAccess', 'Execution', 'Persistence', 'PrivilegeEscalation', 'DefenseEvasion', 'CredentialAccess', 'Discovery', 'LateralMovement', 'Collection', 'Exfiltration', 'CommandAndControl', 'Impact'];

/** Techniques that exist, and the tactics each of them has in ATT&CK: no other is used. */
export const TECHNIQUES = {
  T1014: ['DefenseEvasion'], T1021: ['LateralMovement'], T1037: ['Persistence', 'PrivilegeEscalation'], T1046: ['Discovery'], T1048: ['Exfiltration'], 'T1048.003': ['Exfiltration'],
  T1055: ['DefenseEvasion', 'PrivilegeEscalation'], 'T1055.008': ['DefenseEvasion', 'PrivilegeEscalation'], 'T1055.009': ['DefenseEvasion', 'PrivilegeEscalation'],
  T1059: ['Execution'], 'T1059.004': ['Execution'], T1071: ['CommandAndControl'], 'T1071.004': ['CommandAndControl'],
  T1078: ['DefenseEvasion', 'Persistence', 'PrivilegeEscalation', 'InitialAccess'], 'T1078.004': ['DefenseEvasion', 'Persistence', 'PrivilegeEscalation', 'InitialAccess'],
  'T1087.004': ['Discovery'], T1090: ['CommandAndControl'], 'T1090.003': ['CommandAndControl'], T1098: ['Persistence', 'PrivilegeEscalation'], 'T1098.001': ['Persistence', 'PrivilegeEscalation'], 'T1098.003': ['Persistence', 'PrivilegeEscalation'], 'T1098.006': ['Persistence', 'PrivilegeEscalation'],
  T1110: ['CredentialAccess'], T1133: ['Persistence', 'InitialAccess'], T1189: ['InitialAccess'], T1190: ['InitialAccess'], T1204: ['Execution'], 'T1204.002': ['Execution'], 'T1204.003': ['Execution'],
  T1222: ['DefenseEvasion'], T1485: ['Impact'], T1486: ['Impact'], T1496: ['Impact'], T1498: ['Impact'], T1525: ['Persistence'], T1530: ['Collection'], T1531: ['Impact'], T1535: ['DefenseEvasion'], T1537: ['Exfiltration'],
  'T1547.006': ['Persistence', 'PrivilegeEscalation'], T1552: ['CredentialAccess'], 'T1552.001': ['CredentialAccess'], 'T1552.005': ['CredentialAccess'], 'T1552.007': ['CredentialAccess'], T1556: ['CredentialAccess', 'DefenseEvasion', 'Persistence'],
  T1562: ['DefenseEvasion'], 'T1562.001': ['DefenseEvasion'], 'T1562.008': ['DefenseEvasion'], T1565: ['Impact'], T1566: ['InitialAccess'], T1567: ['Exfiltration'], T1568: ['CommandAndControl'], 'T1568.002': ['CommandAndControl'], T1570: ['LateralMovement'],
  T1571: ['CommandAndControl'], T1572: ['CommandAndControl'], T1580: ['Discovery'], T1586: ['ResourceDevelopment'], T1595: ['Reconnaissance'], T1609: ['Execution'], T1610: ['DefenseEvasion', 'Execution'],
  T1611: ['PrivilegeEscalation'], T1613: ['Discovery'], T1619: ['Discovery'], T1620: ['DefenseEvasion'], T1622: ['DefenseEvasion', 'Discovery'], T1666: ['DefenseEvasion'],
};
