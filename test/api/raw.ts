import { connect, type Socket } from 'node:net';
import type { Answer } from './support';

/** A connection that says what no HTTP client would. */
export class RawConnection {
  private received = '';
  private readonly closed: Promise<void>;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.received += text;
    });
    // A reset after the last byte is an end as well.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  write(...lines: string[]): this {
    this.socket.write(lines.join('\r\n'));
    return this;
  }

  /** Waits until so much has come as `text`, which it then gives and forgets. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.socket.closed) throw new Error(`closed before "${text}": ${this.received}`);
      await new Promise((resolve) => this.socket.once('data', resolve).once('close', resolve));
    }
    const { received } = this;
    this.received = '';
    return received;
  }

  /** What came since, once the server has closed the connection. */
  async end(): Promise<string> {
    await this.closed;
    return this.received;
  }

  async answer(): Promise<Answer> {
    return parseAnswer(await this.end());
  }
}

/** One request with exactly these headers, on a connection of its own. */
export async function ask(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<Answer> {
  const fields = Object.entries({ ...headers, Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const connection = await RawConnection.open(url);
  return connection.write(`${method} ${path} HTTP/1.1`, ...fields, '', '').answer();
}

function parseAnswer(received: string): Answer {
  const [head = '', text = ''] = received.split('\r\n\r\n', 2);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(/: (.*)/, 2) as [string, string]));
  const isJson = headers.get('content-type')?.includes('json');
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    body: isJson && text ? JSON.parse(text) : undefined,
    text,
  };
}
