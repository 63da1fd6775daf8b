/** A server in a process of its own, to be killed: prints its URL when it is up. */
import { startApiServer } from '../../../simulator/apiserver';

startApiServer({ dataFile: process.env.DATA_FILE }).then(({ url }) => console.log(url));
