// The words that readers stumbled on, and what to write in their place.
// A pattern matches whole words in any case; a space in it also stands for hyphens
// and for more white space.
/** @type {[RegExp, string][]} */
const LIST = [
  [/\bmend(s|ed|ing)?\b/, 'fix'],
  [/\bset(s|ting)?( (it|them|these|those|rows?|lines?|objects?|findings?))? aside\b/, 'quarantined'],
  [/\bpass(ed|es|ing)? over\b/, 'skipped'],
  [/\banew\b/, 'again'],
  [/\balone\b/, 'only; to leave alone: to leave as is'],
  [/(?<!\bthere )\b(is|are|was|were) no (?!longer\b|more\b|less\b|later\b|earlier\b|larger\b|fewer\b)/, 'is not a'],
  [/\bwork(s|ed|ing)? off\b/, 'process'],
  [/\bon (its|their) way\b/, 'in flight'],
  [/\btold\b/, 'say who is notified, or what is distinguished'],
  [/(?<!http\.)\bnobody\b/, 'no one, or name who'],
  [/\bby (itself|themselves)\b/, 'automatically, or say who does it'],
  [/\b(go|goes|going|gone|went) on(?! call\b)\b/, 'continue'],
];

export const WORDS = LIST.map(([pattern, better]) => ({
  pattern: new RegExp(pattern.source.replaceAll(' ', '(?:\\s+|-)'), 'gi'),
  better,
}));
