/* Visibility of the public functions. */
#ifndef RILLE_EXPORT_H
#define RILLE_EXPORT_H

#if defined(RILLE_STATIC)
#define RILLE_API
#elif defined(__GNUC__) && __GNUC__ >= 4
#define RILLE_API __attribute__((visibility("default")))
#else
#define RILLE_API
#endif

#ifdef __cplusplus
#define RILLE_BEGIN_DECLS extern "C" {
#define RILLE_END_DECLS }
#else
#define RILLE_BEGIN_DECLS
#define RILLE_END_DECLS
#endif

#endif
