/** The bundle of outside.ts imports the test files of a folder in this place. */
export {};
