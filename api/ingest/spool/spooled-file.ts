import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { namelessFile } from '#patients/sources/nameless-file.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/**
 * An upload on disk. Its name is taken away as soon as it is open: however the process ends, nothing stays behind. Throws
 * `overloaded` where the folder for temporary files is full.
 */
export class SpooledFile {
  readonly #file: FileHandle;
  #bytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(): Promise<SpooledFile> {
    return new SpooledFile(await namelessFile(tmpdir()));
  }

  get bytes(): number {
    return this.#bytes;
  }

  get descriptor(): number {
    return this.#file.fd;
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#bytes + done);
        done += bytesWritten;
      }
    } catch (error) {
      if (!['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      throw new ServiceError(
        'overloaded',
        'There is no room to hold the file just now; send it again later.',
        {
          cause: error,
          retryable: true,
        },
      );
    }
    this.#bytes += bytes.length;
  }

  async readAt(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
