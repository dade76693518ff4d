// An agent as its documentation has one, but that Node has no decorators yet.
import { Agent, callable, routeAgentRequest } from 'agents';

let made = 0;

export class Counter extends Agent {
  initialState = { count: 0, ticks: [] };

  onStart() {
    made++;
    this.sql`CREATE TABLE IF NOT EXISTS notes (text TEXT)`;
  }
  add(by) {
    this.setState({ ...this.state, count: this.state.count + by });
    return this.state.count;
  }
  note(text) {
    this.sql`INSERT INTO notes VALUES (${text})`;
    return this.sql`SELECT text FROM notes ORDER BY text`.map(({ text }) => text);
  }
  async later(seconds, what) {
    const { callback } = await this.schedule(seconds, 'tick', { what });
    return callback;
  }
  tick({ what }) {
    this.setState({ ...this.state, ticks: [...this.state.ticks, what] });
  }
  fail() {
    throw new Error('cannot');
  }
  made() {
    return made;
  }
  onMessage(connection, message) {
    connection.send(`heard ${message}`);
  }
}
for (const name of ['add', 'note', 'later', 'fail', 'made']) callable()(Counter.prototype[name], {});

export default {
  fetch: async (request, env) => (await routeAgentRequest(request, env)) ?? new Response('no agent', { status: 404 }),
};
