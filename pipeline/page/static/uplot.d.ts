/** The page gets it from node_modules at `/page/uplot.js`. */
export { default } from 'uplot';
