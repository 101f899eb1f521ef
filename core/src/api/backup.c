/* The public functions for backup and restore. */
#include "api/handle.h"
#include "driver/facts.h"
#include "migrate/backup.h"

rille_status rille_backup(const rille_backup_options *options, rille_error **err) {
  rl_error error = {0};
  rille_backup_options o;
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_backup_options", &error);
  if (st == RILLE_OK) st = rl_check_url_given(o.url, &error);
  if (st == RILLE_OK) st = rl_backup(rl_str_of(o.url), o.file, o.overwrite != 0, &error);
  return rl_box(st, &error, err);
}

rille_status rille_restore(const rille_restore_options *options, rille_error **err) {
  rl_error error = {0};
  rille_restore_options o;
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_restore_options", &error);
  if (st == RILLE_OK) st = rl_check_url_given(o.url, &error);
  if (st == RILLE_OK) st = rl_restore(rl_str_of(o.url), o.file, o.force != 0, &error);
  return rl_box(st, &error, err);
}
