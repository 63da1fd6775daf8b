import { join } from 'node:path';
import type { RequestHandler } from 'express';
import absolutePath from 'swagger-ui-dist/absolute-path';
import { Problem } from './problem';
import { POLICIES } from './security';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>VM Clone API</title>
<link rel="stylesheet" href="/api/v1/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/v1/docs/swagger-ui-bundle.js"></script>
<script src="/api/v1/docs/start.js"></script>
</body>
</html>
`;
const START = `SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#swagger-ui', tryItOutEnabled: true });\n`;
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js'];

/** Handlers of the page on which the API is read and tried; everything on it comes from here. */
export function docsRoutes() {
  const folder = absolutePath();

  const page: RequestHandler = (_request, response) => {
    response.set('Content-Security-Policy', POLICIES.docs);
    response.type('html').send(PAGE);
  };

  const asset: RequestHandler = (request, response) => {
    const { file } = request.params as { file: string };
    if (file === 'start.js') response.type('js').send(START);
    else if (ASSETS.includes(file)) response.sendFile(join(folder, file));
    else throw new Problem('no-such-route', `There is no ${request.path}.`);
  };

  return { page, asset };
}
