/* SPDX-License-Identifier: MIT */
/* fuzz_NAME FILE...: a fuzz target as a plain program, over what stands in these files. */
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer brings a main of its own, which then comes first. */
__attribute__((weak)) int main(int argc, char **argv)
{
        static uint8_t data[1 << 16];

        for (int i = 1; i < argc; i++) {
                FILE *file = fopen(argv[i], "re");

                if (!file) {
                        perror(argv[i]);
                        return 1;
                }
                (void)LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), file));
                fclose(file);
        }
        return 0;
}
