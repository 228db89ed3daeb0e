/** The outcome of a call as a value, so that a failure that nobody has looked at yet is not unhandled. */
export function outcome(call) {
    return call.then(() => null, (error) => (error instanceof Error ? error : new Error(String(error))));
}
