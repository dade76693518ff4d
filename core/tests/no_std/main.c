// A program without Rust's std: runs what lib.rs checks.

#include <stdio.h>

// The number of the first check that failed, zero for none.
int wspair_no_std(void);

int main(void) {
    int failed = wspair_no_std();
    if (failed != 0) {
        printf("no_std: check %d failed\n", failed);
        return 1;
    }
    printf("no_std: linked and run without std\n");
    return 0;
}
