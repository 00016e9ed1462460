/* Asks a libclang what bindgen asks of it: load, and parse a header that
 * includes the standard ones. A runtime library without its own headers, or
 * of another kind, fails here in a moment instead of in the middle of a build.
 *
 *   libclang_probe LIBRARY [CLANG_ARGUMENT...]
 *
 * Exit 0 when it can be used; else 1 with the reason on standard output.
 * The types are those of libclang's stable C interface (clang-c/Index.h). */
#include <dlfcn.h>
#include <stdio.h>

struct unsaved {
  const char *name;
  const char *contents;
  unsigned long length;
};
struct string {
  const void *data;
  unsigned flags;
};

typedef void *(*create_index)(int, int);
typedef void *(*parse)(void *, const char *, const char *const *, int, struct unsaved *, unsigned,
                       unsigned);
typedef unsigned (*count)(void *);
typedef void *(*get_diagnostic)(void *, unsigned);
typedef int (*get_severity)(void *);
typedef struct string (*get_text)(void *);
typedef const char *(*as_text)(struct string);

enum { SEVERITY_ERROR = 3 };

int main(int argc, char **argv) {
  if (argc < 2) {
    puts("usage: libclang_probe LIBRARY [CLANG_ARGUMENT...]");
    return 1;
  }
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) {
    printf("%s\n", dlerror());
    return 1;
  }
  create_index index = (create_index)dlsym(library, "clang_createIndex");
  parse parse_unit = (parse)dlsym(library, "clang_parseTranslationUnit");
  count diagnostics = (count)dlsym(library, "clang_getNumDiagnostics");
  get_diagnostic diagnostic = (get_diagnostic)dlsym(library, "clang_getDiagnostic");
  get_severity severity = (get_severity)dlsym(library, "clang_getDiagnosticSeverity");
  get_text spelling = (get_text)dlsym(library, "clang_getDiagnosticSpelling");
  as_text text = (as_text)dlsym(library, "clang_getCString");
  if (!index || !parse_unit || !diagnostics || !diagnostic || !severity || !spelling || !text) {
    printf("%s is not a libclang: it lacks functions of its C interface\n", argv[1]);
    return 1;
  }
  static const char source[] = "#include <stddef.h>\n#include <stdint.h>\nint32_t probe(size_t n);\n";
  struct unsaved header = {"probe.h", source, sizeof source - 1};
  void *unit = parse_unit(index(0, 0), "probe.h", (const char *const *)(argv + 2), argc - 2, &header,
                          1, 0);
  if (!unit) {
    printf("%s cannot parse a header\n", argv[1]);
    return 1;
  }
  for (unsigned i = 0; i < diagnostics(unit); i++) {
    void *found = diagnostic(unit, i);
    if (severity(found) >= SEVERITY_ERROR) {
      printf("%s cannot parse the standard headers: %s\n", argv[1], text(spelling(found)));
      return 1;
    }
  }
  return 0;
}
