/** Loads the simulator's main in a process of its own. */
import '../../../simulator/main';
