// The hunting queries.
import { readYaml } from './content.mjs';

/** Every hunting query: {file, yaml}. */
export const readHuntingQueries = () => readYaml('sentinel/Hunting Queries');
