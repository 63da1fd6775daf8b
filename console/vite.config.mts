import { defineConfig } from 'vite';

/** Where `npm run dev:console` finds an API that runs. */
const API = process.env.API_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    // Nothing inline: the pages' Content-Security-Policy allows none of it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      // "use client" of libraries is for servers that render: there is none here.
      onLog: (level, log, handle) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  // The API compares Host and Origin: neither is changed on the way.
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': { target: API, changeOrigin: false } } },
});
