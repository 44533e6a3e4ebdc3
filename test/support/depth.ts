/**
 * TEST_DEPTH=deep, which CI sets, tries more for minutes: more random requests, every place of every statement, the
 * whole file of dialogues. Without it the same stories are told with less of each.
 */
export const isDeep = process.env.TEST_DEPTH === 'deep';
