# perl memcached-load.pl PORT: connections at once, each of which stores values of many sizes and reads them again, a hundred commands under way at a time.
# Fails where what comes back is not what was stored.
use strict;
use warnings;
use IO::Socket::INET;

my ($port) = @ARGV;
my ( $connections, $rounds, $batch ) = ( 8, 4, 100 );
my $keys = 5000;

# Sizes between 1 and 4,000 bytes, which most slab classes have a part of; content that depends on key, round and connection.
sub value {
    my ( $connection, $round, $key ) = @_;
    my $text = "$connection:$round:$key;";
    return substr( $text x 400, 0, 1 + ( $key * 7919 + $round * 104729 ) % 4000 );
}

sub answer {
    my ($socket) = @_;
    my $line = <$socket> // die "the connection was closed\n";
    $line =~ s/\r\n$//;
    return $line;
}

sub work {
    my ($connection) = @_;
    my $socket = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => $port ) or die "no connection: $!\n";
    for my $round ( 1 .. $rounds ) {
        for ( my $first = 0 ; $first < $keys ; $first += $batch ) {
            my @batch  = map { "key:$connection:$_" } $first .. $first + $batch - 1;
            my @values = map { value( $connection, $round, $_ ) } $first .. $first + $batch - 1;
            print $socket map { "set $batch[$_] 0 0 " . length( $values[$_] ) . "\r\n$values[$_]\r\n" } 0 .. $#batch;
            $socket->flush;
            for (@batch) { my $line = answer($socket); die "set $_: $line\n" if $line ne 'STORED' }
            print $socket "incr count:$connection 1\r\n", map { "get $_\r\n" } @batch;
            $socket->flush;
            answer($socket);
            for my $i ( 0 .. $#batch ) {
                my $line = answer($socket);
                die "get $batch[$i]: $line\n" if $line ne "VALUE $batch[$i] 0 " . length( $values[$i] );
                read( $socket, my $got, length( $values[$i] ) + 2 );
                die "get $batch[$i]: another value\n" if $got ne "$values[$i]\r\n";
                $line = answer($socket);
                die "get $batch[$i]: $line\n" if $line ne 'END';
            }
        }
    }
    return;
}

my @children;
for my $connection ( 1 .. $connections ) {
    my $child = fork() // die "fork: $!\n";
    if ( $child == 0 ) { work($connection); exit 0 }
    push @children, $child;
}
my $failed = 0;
for (@children) { waitpid $_, 0; $failed = 1 if $? != 0 }
exit $failed;
