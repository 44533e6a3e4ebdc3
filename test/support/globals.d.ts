/** The engine this run of the stories is on, set per project in jest.config.mjs. */
declare const testEngine: 'sqlite' | 'mariadb' | 'mysql';
