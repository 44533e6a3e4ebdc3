import { setUp } from './global-setup.mjs';

export default () => setUp('mysql');
