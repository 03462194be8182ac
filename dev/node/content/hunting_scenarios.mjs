// For each hunting query: findings that it must find, and findings that differ in one thing and that it must not.
import { ACCOUNTS } from './hunting_scenarios_accounts.mjs';
import { RESOURCES } from './hunting_scenarios_resources.mjs';

export { NOW } from './hunting_findings.mjs';
export const SCENARIOS = { ...ACCOUNTS, ...RESOURCES };
