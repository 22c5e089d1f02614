# RT's settings for one test server: everything it writes lies in one folder, and nothing leaves the machine.
my $folder = $ENV{AKIRA_TEST_RT} or die "AKIRA_TEST_RT is not set\n";
Set($rtname, 'noc.example');
Set($Organization, 'noc.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, $ENV{AKIRA_TEST_RT_PORT});
Set($WebBaseURL, "http://127.0.0.1:$ENV{AKIRA_TEST_RT_PORT}");
Set($DatabaseType, 'SQLite');
Set($DatabaseName, "$folder/rt.sqlite");
Set($MailCommand, 'mbox');
Set($BcryptCost, 4); # each request checks a token: at the usual cost that is most of its time
Set($LogToSTDERR, 'warning');
Set($LogToSyslog, undef);
Set($Timezone, 'UTC');
$RT::VarPath = $folder;
$RT::MasonDataDir = "$folder/mason";
$RT::MasonSessionDir = "$folder/sessions";
1;
