export default { name: 'not an engine' }
