/**
 * Generators that can be ended while they wait.
 * @module
 */

/**
 * A generator that waits hears of `return` and `throw` only when it wakes by itself: `interrupt` is called first, and
 * must let it go on.
 */
export function interruptible<T>(
  generator: AsyncGenerator<T, void, void>,
  interrupt: () => void,
): AsyncGenerator<T, void, void> {
  return {
    next: () => generator.next(),
    return: (value) => {
      interrupt();
      return generator.return(value);
    },
    throw: (error) => {
      interrupt();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}
