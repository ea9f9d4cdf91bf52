/** How the people of a live drill are called where an engine has its name: in journal and report. */
export const PEOPLE = 'people'
